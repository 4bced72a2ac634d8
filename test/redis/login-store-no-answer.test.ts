import { expect } from 'chai';

import { redisLoginStore } from '../../lib/redis/index.js';
import { RESERVE, SETTLE } from '../../lib/redis/login-scripts.js';
import type { LoginKeys } from '../../lib/types.js';
import { type VirtualTime, virtualTime } from '../model/virtual-time.js';
import { gate } from '../support/gate.js';
import { fakeClient } from '../support/redis-clients.js';
import { settle } from '../support/settle.js';
import { rejectionOf } from './rejected.js';

const budget = { points: 3, durationSeconds: 600 };
const keys: LoginKeys = { ip: 'i', account: 'a' };
const AWAY = new Error('away');

/** What a reservation is ended with: the outcome, the window, how long a source is known and a point is held, the keys. */
const ended = (id: unknown, outcome: string): unknown[] => [
  ...['SETTLE', id, outcome, '600000', '2592000000', '600000', 'ip', 'i', 'account', 'a'],
];

/** A store over what answers each step as it is told to, and what it asks. */
function open(answer: (step: string, count: number) => unknown) {
  const asked: unknown[][] = [];
  const client = {
    ...fakeClient(async (_command, sha, _count, base, ...args) => {
      const step = sha === RESERVE.sha ? 'RESERVE' : sha === SETTLE.sha ? 'SETTLE' : 'nothing known';
      asked.push([step, ...args]);
      expect(base).to.equal('app:{login}');
      return answer(step, asked.length);
    }),
    status: 'ready',
  };
  const store = redisLoginStore({ client, prefix: 'app', timeoutMs: 1000 });
  return { client, store, asked, reserving: () => store.reserve(keys, budget) };
}

const away = (): never => {
  throw AWAY;
};

describe('redisLoginStore, where no answer comes', () => {
  let time: VirtualTime;
  beforeEach(() => {
    time = virtualTime();
  });
  afterEach(() => time[Symbol.dispose]());
  const pass = (ms: number) => time.advance(ms, settle);

  it('asks for a reservation once', async () => {
    const { asked, reserving } = open(() => ['reserved', 'ip', 'account']);
    const { status } = await reserving();
    await pass(10_000);
    const [[, id] = []] = asked;
    expect(status).to.equal('reserved');
    expect(asked).to.deep.equal([['RESERVE', id, '3', '600000', 'ip', 'i', 'account', 'a']]);
  });

  it('gives up a reservation of which nobody knows whether it was made, until Redis has heard of it', async () => {
    const { asked, reserving } = open((_, count) => (count < 4 ? away() : 'over'));
    expect(await rejectionOf(reserving)).to.equal(AWAY);
    await pass(10_000);
    const [[, id] = []] = asked;
    expect(asked.slice(1)).to.deep.equal(Array(3).fill(ended(id, 'abandoned')));
  });

  it('gives it up as soon as its answer comes, late', async () => {
    const late = gate<unknown>();
    const { asked, reserving } = open((step) => (step === 'RESERVE' ? late.opened : away()));
    const refusal = rejectionOf(reserving);
    await pass(1000);
    expect(await refusal).to.have.property('message', 'time is up');
    // Far on in the waits between two tries.
    await pass(4550);
    const before = asked.length;
    late.open(['reserved', 'ip', 'account']);
    await settle();
    expect(asked.length).to.equal(before + 1);
  });

  it('gives up nothing that was not sent', async () => {
    const { client, asked, reserving } = open(() => 'over');
    client.status = 'reconnecting';
    expect(await rejectionOf(reserving)).to.have.property('message', 'Redis is not connected');
    client.status = 'ready';
    await pass(10_000);
    expect(asked).to.deep.equal([]);
  });

  it('settles again what was not settled, as it was told first, and nothing else meanwhile', async () => {
    const { store, asked } = open((_, count) => (count < 3 ? away() : 'settled'));
    const attempt = { status: 'reserved', id: 'id', keys } as const;
    expect(await rejectionOf(() => store.settle(attempt, 'failed', budget))).to.equal(AWAY);
    await store.settle(attempt, 'released', budget);
    expect(asked).to.have.length(1);
    await pass(10_000);
    expect(asked).to.deep.equal(Array(3).fill(ended('id', 'failed')));
    await store.settle(attempt, 'released', budget);
    expect(asked.at(-1)).to.deep.equal(ended('id', 'released'));
  });

  for (const [durationSeconds, windowMs, holdMs] of [
    [0.0015, '2', '60000'],
    [60, '60000', '60000'],
    [3600, '3600000', '3600000'],
    [86_400, '86400000', '3600000'],
  ] as const) {
    it(`a window of ${durationSeconds} s is ${windowMs} ms, and holds a point for ${holdMs} ms`, async () => {
      const { store, asked } = open((step) =>
        step === 'RESERVE' ? ['reserved', 'ip', 'account'] : 'settled',
      );
      const own = { points: 1, durationSeconds };
      const attempt = await store.reserve(keys, own);
      if (attempt.status === 'reserved') await store.settle(attempt, 'proven', own);
      expect(asked.map((args) => args.slice(2, 6))).to.deep.equal([
        ['1', holdMs, 'ip', 'i'],
        ['proven', windowMs, '2592000000', holdMs],
      ]);
    });
  }
});
