import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import { expect } from 'chai';
import type { Reply } from '../support/call.js';
import { until } from '../support/gate.js';
import { percentile } from '../support/random.js';
import { needsRedisServer } from '../support/redis-server.js';
import { expectRefusal } from '../support/refusal.js';
import { textOf } from '../support/session.js';
import { REDIS_FAULTS, type RedisFault } from './support/redis-faults.js';
import {
  begin,
  type Caller,
  idOf,
  type RedisStand,
  redisStand,
  type StandNode,
  use,
} from './support/redis-stand.js';

/** Promised are 250, and 2000; a machine under load takes longer to tell the time. */
const REFUSAL_MS = 1000;
const RECOVERY_MS = 3000;
/** More than the limiter gives an account. */
const GUESSES = 12;

let addresses = 0;
/** Somebody nobody has seen before. */
function somebody(): Caller {
  addresses += 1;
  return { user: `somebody ${addresses}`, address: `198.51.${addresses >> 8}.${addresses & 255}` };
}

const guessAt = (user: string): Caller => ({ ...somebody(), user, password: randomBytes(6).toString('hex') });

/** Waits until a node gives a session to somebody new; resolves to how long that took. */
async function recovery(node: StandNode): Promise<number> {
  const since = performance.now();
  await until('somebody new gets in', async () => (await begin(node, somebody())).status === 200, 15_000);
  return performance.now() - since;
}

const TOLD = {
  outage: 'nobody new gets in, who is in goes on',
  none: 'nobody notices',
  loss: 'who was in begins anew',
} as const;

type Replies = Readonly<
  Record<'guess' | 'guessInSession' | 'somebody' | 'session' | 'stolen' | 'unknown' | 'owner', Reply>
>;

function check(effect: RedisFault['effect'], replies: Replies): void {
  const { guess, guessInSession, somebody, session, stolen, unknown, owner } = replies;
  expect([stolen.status, stolen.text], 'a stolen id is an unknown one').to.deep.equal([
    unknown.status,
    unknown.text,
  ]);
  if (effect === 'outage') {
    for (const reply of [guess, guessInSession, somebody, session]) expectRefusal(reply, 'unavailable');
    expect(stolen.status).to.be.oneOf([404, 503]);
  } else {
    for (const { status } of [guess, guessInSession]) expect(status).to.be.oneOf([401, 429]);
    for (const { status } of [somebody, session]) expect(status).to.equal(200);
    expectRefusal(stolen, 'session_not_found');
  }
  if (effect === 'loss') expectRefusal(owner, 'session_not_found');
  else expect(owner.status, owner.text).to.equal(200);
}

describe('D3: Redis fails', function () {
  this.timeout(40_000);
  let stand: RedisStand;

  before(function () {
    needsRedisServer(this);
  });

  afterEach(() => stand?.[Symbol.asyncDispose]());

  for (const client of ['redis', 'ioredis'] as const) {
    it(`D3: not there at the start (${client}): nobody gets in, and everybody once it is`, async () => {
      stand = await redisStand({ client }, (redis) => redis.kill());
      for (const node of stand.nodes) {
        expectRefusal(await begin(node, somebody()), 'unavailable');
        for (let i = 0; i < GUESSES; i += 1) expectRefusal(await begin(node, guessAt('bob')), 'unavailable');
        expect(node.counts().verified).to.deep.equal({});
      }
      await wait(1000);
      await stand.redis.start();
      const times = await Promise.all(stand.nodes.map(recovery));
      expect(Math.max(...times)).to.be.below(RECOVERY_MS);
      expect((await begin(stand.nodes[0], { user: 'bob' })).status).to.equal(200);
    });
  }

  for (const fault of REDIS_FAULTS) {
    it(`D3: ${fault.name}: ${TOLD[fault.effect]}`, async () => {
      stand = await redisStand();
      const { nodes } = stand;
      await Promise.all(nodes.map((node) => node.ready()));
      const [home, away] = nodes;
      const session = idOf(await begin(home, { user: 'ada' }));
      const ada: Caller = { user: 'ada', session };
      // Proven at both nodes, all three of them.
      for (const node of nodes) {
        expect((await use(node, ada)).status).to.equal(200);
        for (const user of ['eve', 'mallory']) expect((await begin(node, { user })).status).to.equal(200);
      }
      const issued = textOf(await use(home, ada, 'token'));
      const lift = await fault.inject(stand);
      const isOver = wait(fault.forMs).then(() => true);

      const refusedMs: number[] = [];
      const timed = async (asking: () => Promise<Reply>): Promise<Reply> => {
        const since = performance.now();
        const reply = await asking();
        if (reply.status === 503) refusedMs.push(performance.now() - since);
        return reply;
      };
      do {
        for (const node of nodes) {
          const replies = {
            guess: await timed(() => begin(node, guessAt('bob'))),
            guessInSession: await timed(() => use(node, { ...guessAt('ada'), session })),
            somebody: await timed(() => begin(node, somebody())),
            session: await timed(() => begin(node, { user: 'eve' })),
            stolen: await timed(() => use(node, { user: 'mallory', session })),
            unknown: await timed(() => use(node, { user: 'mallory', session: 'A'.repeat(43) })),
            owner: await timed(() => use(node, ada)),
          };
          check(fault.effect, replies);
        }
      } while (!(await Promise.race([isOver, wait(10)])));
      await lift();

      const times = await Promise.all(nodes.map(recovery));
      expect(Math.max(...times), 'milliseconds until all is as before').to.be.below(RECOVERY_MS);
      if (fault.effect === 'outage') {
        expect(
          nodes.map((node) => node.wrong()),
          'guesses that were verified',
        ).to.deep.equal([0, 0]);
        expect(percentile(refusedMs, 1), 'milliseconds until a 503').to.be.below(REFUSAL_MS);
        const [p50, p99] = [0.5, 0.99].map((part) => Math.round(percentile(refusedMs, part)));
        console.log(
          `      503 after ${p50} ms (p50), ${p99} ms (p99); as before after ${Math.round(Math.max(...times))} ms`,
        );
        expect((await begin(away, { ...somebody(), user: 'bob' })).status, 'bob is locked out').to.equal(200);
      }
      for (const node of nodes) {
        const reply = await use(node, ada, 'token');
        if (fault.effect === 'loss') expectRefusal(reply, 'session_not_found');
        else expect(textOf(reply), 'the session and its login are the same').to.equal(issued);
      }
    });
  }
});
