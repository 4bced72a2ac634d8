import { expect } from 'chai';

import { redisLoginStore } from '../../lib/redis/index.js';
import type { LoginKeys, LoginStore } from '../../lib/types.js';
import { fail, reserved, room } from '../credentials/support.js';
import { gate, until } from '../support/gate.js';
import { needsRedis } from '../support/redis.js';
import { clientKinds, fakeClient, ownPrefix } from '../support/redis-clients.js';
import { type Control, openControl } from '../support/redis-control.js';
import { needsRedisServer, type RedisServer, redisServer } from '../support/redis-server.js';
import { rejectionOf } from './rejected.js';

const budget = { points: 3, durationSeconds: 60 };
const keys: LoginKeys = { ip: 'ip', ipAccount: 'source', account: 'account' };

/** How many points are left as soon as the store answers again. */
async function roomAgain(store: LoginStore): Promise<number | undefined> {
  return room(store, keys, budget).catch(() => undefined);
}

for (const { name, open } of clientKinds) {
  describe(`redisLoginStore over ${name}, when Redis fails`, () => {
    let own: RedisServer;
    before(function () {
      needsRedisServer(this);
    });
    beforeEach(async () => {
      own = await redisServer();
    });
    afterEach(() => own?.[Symbol.asyncDispose]());

    it('D3 stopped: every guess is refused in time, and none of them holds a point afterwards', async () => {
      using opened = await open(own.url);
      const store = redisLoginStore({ client: opened.client });
      await fail(store, keys, budget, 1);
      own.freeze();
      for (let round = 0; round < 3; round += 1) {
        const begun = performance.now();
        const answers = await Promise.all(
          Array.from({ length: 50 }, () => rejectionOf(() => store.reserve(keys, budget))),
        );
        expect(answers.every((answer) => answer instanceof Error)).to.equal(true);
        // 200 ms, and what a busy machine adds to it.
        expect(performance.now() - begun).to.be.below(700);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      own.thaw();
      await until('the points are back', async () => (await roomAgain(store)) === 2);
    });

    it('D3 stopped: a failure that could not be written is written afterwards, once', async () => {
      using opened = await open(own.url);
      const store = redisLoginStore({ client: opened.client });
      const attempts = [await reserved(store, keys, budget), await reserved(store, keys, budget)];
      own.freeze();
      for (const attempt of attempts) {
        expect(await rejectionOf(() => store.settle(attempt, 'failed', budget))).to.be.instanceOf(Error);
      }
      // It is being settled: what comes later does not undo it.
      for (const attempt of attempts) await store.settle(attempt, 'released', budget);
      own.thaw();
      await until('nothing is in flight', async () => (await roomAgain(store)) === 1);
      expect(await store.reserve(keys, { ...budget, points: 2 })).to.include({ status: 'full' });
      for (const attempt of attempts) await store.settle(attempt, 'failed', budget);
      expect(await room(store, keys, budget)).to.equal(1);
    });

    it('D3 killed in the middle of a reservation: it holds no point in what comes back', async () => {
      using opened = await open(own.url);
      const store = redisLoginStore({ client: opened.client });
      await reserved(store, keys, budget);
      own.freeze();
      const answers = Array.from({ length: 20 }, () => rejectionOf(() => store.reserve(keys, budget)));
      await own.kill();
      await Promise.all(answers);
      await own.start();
      await until('nothing holds a point', async () => (await roomAgain(store)) === 3);
      using control = await openControl(own.url);
      await until('nothing is in flight', async () => (await control.keys('mcp:{login}:open')).length === 0);
    });

    it('D3 without its scripts: as before', async () => {
      using opened = await open(own.url);
      using control = await openControl(own.url);
      const store = redisLoginStore({ client: opened.client, timeoutMs: 5000 });
      await fail(store, keys, budget, 1);
      await control.redis.script('FLUSH');
      expect(await room(store, keys, budget)).to.equal(2);
    });

    it('D3 read-only, or out of memory: nobody comes in, and nothing is left behind', async () => {
      using opened = await open(own.url);
      using control = await openControl(own.url);
      const store = redisLoginStore({ client: opened.client, timeoutMs: 5000 });
      const attempt = await reserved(store, keys, budget);
      const breaks = [
        ['replicaof', '127.0.0.1', '1'],
        ['config', 'set', 'maxmemory', '1'],
      ];
      const repairs = [
        ['replicaof', 'no', 'one'],
        ['config', 'set', 'maxmemory', '0'],
      ];
      for (const [at, [command = '', ...args]] of breaks.entries()) {
        await control.redis.call(command, ...args);
        expect(await rejectionOf(() => store.reserve(keys, budget))).to.be.instanceOf(Error);
        const [repair = '', ...repaired] = repairs[at] ?? [];
        await control.redis.call(repair, ...repaired);
      }
      await control.redis.call('config', 'set', 'maxmemory', '1');
      expect(await rejectionOf(() => store.settle(attempt, 'failed', budget))).to.be.instanceOf(Error);
      expect(await control.redis.zcard('mcp:{login}:open:ip'), 'its point is held').to.equal(1);
      await control.redis.call('config', 'set', 'maxmemory', '0');
      await until(
        'the failure is written',
        async () => (await control.redis.get('mcp:{login}:failed:ip')) === '1',
      );
      expect(await room(store, keys, budget)).to.equal(2);
    });
  }).timeout(30_000);
}

describe('redisLoginStore, when nobody knows what Redis did', () => {
  let control: Control;
  let prefix: string;
  before(async function () {
    await needsRedis(this);
  });
  beforeEach(async () => {
    control = await openControl();
    prefix = ownPrefix();
  });
  afterEach(async () => {
    await control.remove(prefix);
    control[Symbol.dispose]();
  });

  /** A client whose calls go through `meet`. */
  function meeting(meet: (args: readonly string[], send: () => Promise<unknown>) => Promise<unknown>) {
    const client = fakeClient((command, ...args) => meet(args, () => control.redis.call(command, ...args)));
    return redisLoginStore({ client, prefix, timeoutMs: 50 });
  }
  const isSettling = (args: readonly string[]): boolean =>
    args.some((arg) => ['failed', 'released', 'proven', 'abandoned'].includes(arg));
  const open = (): Promise<string[]> => control.keys(`${prefix}:{login}:open`);

  it('a reservation whose answer is late gives its points back as soon as there is one', async () => {
    const answering = gate();
    let isBack = false;
    const store = meeting(async (args, send) => {
      if (isSettling(args)) return isBack ? send() : Promise.reject(new Error('connection lost'));
      const reply = await send();
      await answering.opened;
      return reply;
    });
    expect(await rejectionOf(() => store.reserve(keys, budget))).to.be.instanceOf(Error);
    // By now it is asked once a second.
    await new Promise((resolve) => setTimeout(resolve, 1600));
    expect(await open()).to.have.length(3);
    isBack = true;
    answering.open();
    await until('they are back', async () => (await open()).length === 0, 700);
  });

  it('a reservation whose connection breaks gives its points back', async () => {
    const store = meeting(async (args, send) => {
      const reply = await send();
      if (!isSettling(args)) throw new Error('connection lost');
      return reply;
    });
    expect(await rejectionOf(() => store.reserve(keys, budget))).to.be.instanceOf(Error);
    await until('they are back', async () => (await open()).length === 0);
  });

  it('a reservation that reaches Redis after it was given up is not made', async () => {
    const arriving = gate();
    let reply: unknown;
    const store = meeting(async (args, send) => {
      if (isSettling(args)) return send();
      await arriving.opened;
      reply = await send();
      return reply;
    });
    expect(await rejectionOf(() => store.reserve(keys, budget))).to.be.instanceOf(Error);
    await until('it is given up', async () => (await control.keys(`${prefix}:{login}:gone`)).length === 1);
    arriving.open();
    await until('it has arrived', () => reply);
    expect(reply).to.deep.equal(['gone']);
    expect(await open()).to.deep.equal([]);
  });

  it('a reservation that is sent twice takes one point', async () => {
    const store = meeting(async (args, send) => {
      if (!isSettling(args)) await send();
      return send();
    });
    const one = { points: 1, durationSeconds: 60 };
    const reservation = await reserved(store, keys, one);
    await store.settle(reservation, 'released', one);
    expect(await open()).to.deep.equal([]);
  });

  it('a failure whose answer is lost counts once', async () => {
    let lost = 0;
    const store = meeting(async (args, send) => {
      const reply = await send();
      if (!args.includes('failed')) return reply;
      lost += 1;
      if (lost < 4) throw new Error('connection lost');
      return reply;
    });
    const reservation = await reserved(store, keys, budget);
    expect(await rejectionOf(() => store.settle(reservation, 'failed', budget))).to.be.instanceOf(Error);
    await until('it was told again', () => lost === 4);
    expect(await room(store, keys, budget)).to.equal(2);
  });

  it('a call that was never made is not given back', async () => {
    let calls = 0;
    const client = fakeClient(async () => {
      calls += 1;
    });
    Object.assign(client, { status: 'reconnecting' });
    const store = redisLoginStore({ client, prefix });
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => rejectionOf(() => store.reserve(keys, budget))),
    );
    expect(answers.every((answer) => answer instanceof Error)).to.equal(true);
    Object.assign(client, { status: 'ready' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(calls).to.equal(0);
  });
});
