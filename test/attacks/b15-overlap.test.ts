import { expect } from 'chai';
import type { Request, RequestHandler } from 'express';

import { mcpBasicAuth, mcpHandler, mcpPassport } from '../../lib/index.js';
import { basic, call, toolCall } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { person } from './support/people.js';

/** Logins that have begun; a batch of them is finished in an order of the test's choice. */
class Crowd {
  #size = 0;
  #finishers: (() => unknown)[] = [];
  #complete = (): void => {};

  /** Resolves, when `size` logins are waiting, to what finishes each. */
  gather(size: number): Promise<readonly (() => unknown)[]> {
    this.#size = size;
    this.#finishers = [];
    return new Promise((resolve) => {
      this.#complete = () => resolve(this.#finishers);
    });
  }

  join(finish: () => unknown): void {
    this.#finishers.push(finish);
    if (this.#finishers.length === this.#size) this.#complete();
  }
}

interface User {
  readonly id: string;
}

/** A strategy as people write them: it keeps nothing but its options, and answers later. */
class SlowStrategy {
  readonly name = 'slow';
  readonly crowd: Crowd;
  declare success: (user: User) => void;
  declare fail: (challenge: string) => void;

  constructor(crowd: Crowd) {
    this.crowd = crowd;
  }

  authenticate(request: Request): void {
    const { username, password } = request.body as { username: string; password: string };
    this.crowd.join(() => (password === 'right' ? this.success({ id: username }) : this.fail('Slow')));
  }
}

const verdictOf = (username: string, password: string) => (password === 'right' ? person(username) : null);

const GUARDS: Readonly<Record<string, (crowd: Crowd) => RequestHandler>> = {
  'mcpPassport with one strategy instance': (crowd) =>
    mcpPassport(new SlowStrategy(crowd), {
      scheme: 'Basic',
      toPrincipal: ({ id }: User) => person(id),
      proofCache: false,
    }),
  mcpBasicAuth: (crowd) =>
    mcpBasicAuth({
      verifier: ({ username, password }) =>
        new Promise((resolve) => crowd.join(() => resolve(verdictOf(username, password)))),
      proofCache: false,
      maxConcurrent: 50,
    }),
};

/** The same sequence on every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

function shuffled<T>(items: readonly T[], next: (below: number) => number): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(next(left.length), 1));
  return order;
}

async function whoIs(served: Served, authorization: string): Promise<string> {
  const { status, text } = await call(served.url, { headers: { authorization }, body: toolCall('whoami') });
  if (status !== 200) return String(status);
  const { result } = JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? '{}');
  const seen = JSON.parse(result.content[0].text);
  return new Set([seen.created, seen.current, seen.subject]).size === 1 ? seen.subject : text;
}

const ROUNDS = 40;
/** Pairs of a right and a wrong login that overlap with each other, and with all other pairs of the round. */
const PAIRS = 25;

for (const [name, makeGuard] of Object.entries(GUARDS)) {
  it(`B15: ${name}: ${ROUNDS * PAIRS} pairs of overlapping logins, one of each wrong: each gets its own verdict`, async () => {
    const crowd = new Crowd();
    const next = random(15);
    await using served = await serve(
      makeGuard(crowd),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
    for (let round = 0; round < ROUNDS; round += 1) {
      const logins = Array.from({ length: PAIRS }, (_, i) => [`r${round}p${i}`, `w${round}p${i}`]).flat();
      const waiting = crowd.gather(logins.length);
      const answers = shuffled(logins, next).map(async (user) => {
        const isRight = user.startsWith('r');
        const answer = await whoIs(served, basic(user, isRight ? 'right' : 'wrong'));
        return [user, answer === (isRight ? user : '401') ? 'its own' : answer];
      });
      for (const finish of shuffled(await waiting, next)) {
        finish();
        // Some finish in one go, some one after the other.
        if (next(3) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [user, answer] of await Promise.all(answers)) expect(answer, user).to.equal('its own');
    }
  }).timeout(30_000);
}
