import { expect } from 'chai';

import { type RedisClient, type RedisLoginStoreOptions, redisLoginStore } from '../../lib/redis/index.js';
import type { LoginKeys } from '../../lib/types.js';
import { loginStoreSuite, type World } from '../credentials/login-store-suite.js';
import { fail, reserved, room } from '../credentials/support.js';
import { until } from '../support/gate.js';
import { needsRedis } from '../support/redis.js';
import {
  clientKind,
  clientKinds,
  fakeClient,
  type Held,
  ownPrefix,
  prefixingClients,
} from '../support/redis-clients.js';
import { type Control, openControl } from '../support/redis-control.js';
import { rejectionOf } from './rejected.js';

const budget = { points: 3, durationSeconds: 60 };
const keys: LoginKeys = { ip: 'ip', ipAccount: 'source', account: 'account' };

describe('redisLoginStore', () => {
  describe('options', () => {
    const client = { status: 'ready', call: async () => '', connect: async () => '', duplicate: () => ({}) };
    for (const [what, options, message] of [
      ['no client', {}, 'option "client" must be a client of the package redis or ioredis'],
      ['a client that is none', { client: {} }, 'option "client" must be'],
      ['an unknown option', { client, prefx: 'x' }, 'unknown option "prefx"'],
      [
        'an empty prefix',
        { client, prefix: '' },
        'option "prefix" must be a non-empty string without { and }',
      ],
      ['a prefix with a hash tag', { client, prefix: 'a{b}' }, 'option "prefix" must be'],
      ['no time', { client, timeoutMs: 0 }, 'option "timeoutMs" must be'],
    ] as const) {
      it(`${what}: TypeError`, () => {
        const making = () => redisLoginStore(options as unknown as RedisLoginStoreOptions);
        expect(making).to.throw(TypeError, `redisLoginStore: ${message}`);
      });
    }
  });

  describe('what is in Redis', () => {
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
    const over = (client: RedisClient) => redisLoginStore({ client, prefix, timeoutMs: 5000 });

    it('the hashes of the limiter, counts and times, all in one hash slot, each with an end', async () => {
      const store = over(control.redis);
      await fail(store, keys, budget, 1);
      await store.settle(await reserved(store, { ipAccount: 'source' }, budget), 'proven', budget);
      const open = await reserved(store, keys, budget);
      expect(await control.keys(prefix)).to.deep.equal(
        [
          ...['failed:account', 'failed:ip', 'known:source'],
          ...['open:account', 'open:ip', 'open:source'],
        ].map((name) => `${prefix}:{login}:${name}`),
      );
      for (const key of await control.keys(prefix)) expect(await control.redis.pttl(key), key).to.be.above(0);
      expect(await control.redis.get(`${prefix}:{login}:failed:ip`)).to.equal('1');
      expect(await control.redis.zrange(`${prefix}:{login}:open:ip`, '0', '-1')).to.deep.equal([open.id]);
    });

    it('nothing of an attempt that came to nothing', async () => {
      const store = over(control.redis);
      await store.settle(await reserved(store, keys, budget), 'released', budget);
      expect(await control.keys(prefix)).to.deep.equal([]);
    });

    for (const [kind, makeClient] of Object.entries(prefixingClients)) {
      it(`the keyPrefix of ${kind} before every name`, async () => {
        const client = makeClient(`${prefix}-app:`);
        const store = redisLoginStore({ client, timeoutMs: 5000 });
        await until('it is connected', () => client.status === 'ready');
        await fail(store, keys, budget, 3);
        expect(await store.reserve(keys, budget)).to.include({ status: 'full' });
        for (const key of await control.keys(prefix)) {
          expect(key).to.match(/^test-[0-9a-f]+-app:mcp:\{login\}:failed:/);
        }
        expect(await control.keys(prefix)).to.have.length(3);
        client.disconnect();
      });
    }

    for (const [durationSeconds, holdMs] of [
      [1, 60_000],
      [600, 600_000],
      [86_400, 3_600_000],
    ] as const) {
      it(`a window of ${durationSeconds} s: an attempt of which nothing is heard holds its point for ${holdMs} ms`, async () => {
        const one = { points: 1, durationSeconds };
        const store = over(control.redis);
        await reserved(store, keys, one);
        await control.age(prefix, holdMs - 5000);
        expect(await store.reserve(keys, one)).to.deep.equal({ status: 'busy', key: 'ip' });
        await control.age(prefix, 5000);
        expect(await room(store, keys, one)).to.equal(1);
      });
    }

    it('a failure that is told after its point was let go counts all the same, once', async () => {
      const store = over(control.redis);
      const late = await reserved(store, keys, budget);
      await control.age(prefix, 90_000);
      expect(await room(store, keys, budget)).to.equal(3);
      await store.settle(late, 'failed', budget);
      await store.settle(late, 'failed', budget);
      expect(await room(store, keys, budget)).to.equal(2);
    });

    it('the attempts of a process that died do not pile up', async () => {
      const store = over(control.redis);
      for (let round = 0; round < 5; round += 1) {
        for (let i = 0; i < 3; i += 1) await reserved(store, { ip: 'ip' }, budget);
        await control.age(prefix, 60_000);
      }
      await reserved(store, { ip: 'ip' }, budget);
      expect(await control.redis.zcard(`${prefix}:{login}:open:ip`)).to.be.at.most(6);
    });

    it('one budget for two stores over two clients', async () => {
      using other = await clientKind('redis 5').open();
      const [here, there] = [over(control.redis), over(other.client)];
      await fail(here, keys, budget, 1);
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => (i % 2 ? here : there).reserve(keys, budget)),
      );
      expect(answers.filter(({ status }) => status === 'reserved')).to.have.length(2);
      const [first] = answers.filter((answer) => answer.status === 'reserved');
      if (first) await here.settle(first, 'failed', budget);
      if (first) await there.settle(first, 'released', budget);
      expect(await room(there, keys, { ...budget, points: 4 })).to.equal(1);
    });

    for (const value of ['nan', '-5', 'many', '']) {
      it(`a count of ${JSON.stringify(value)} lets nobody in`, async () => {
        await control.redis.set(`${prefix}:{login}:failed:ip`, value);
        const store = over(control.redis);
        expect(await rejectionOf(() => store.reserve(keys, budget))).to.be.instanceOf(Error);
      });
    }

    it('a counter that somebody has made to stay is full, not free', async () => {
      await control.redis.set(`${prefix}:{login}:failed:ip`, '3');
      const answer = await over(control.redis).reserve(keys, budget);
      expect(answer).to.deep.equal({ status: 'full', retryAfterSeconds: 1 });
    });
  });

  describe('an answer that makes no sense lets nobody in', () => {
    const fake = (reply: unknown) =>
      fakeClient(async (_command, ...args) => (args.includes('abandoned') ? 'over' : reply));
    const answers = [
      ...[null, undefined, 'OK', 'reserved', 1, {}, [], [null], ['nonsense'], ['gone'], ['reserved']],
      ...[
        ['reserved', 'ip'],
        ['reserved', 'ip', 'ipAccount', 'account', 'more'],
        ['reserved', 'account'],
      ],
      ...[['full'], ['full', ''], ['full', '-1'], ['full', 'NaN'], ['full', 5], ['busy'], ['busy', 'x']],
      ...[Buffer.from('reserved'), [Buffer.from('reserved')]],
    ];
    for (const reply of answers) {
      it(JSON.stringify(reply) ?? 'undefined', async () => {
        const store = redisLoginStore({ client: fake(reply) });
        expect(await rejectionOf(() => store.reserve(keys, budget))).to.be.instanceOf(Error);
        const settling = () => store.settle({ status: 'reserved', id: 'id', keys }, 'failed', budget);
        expect(await rejectionOf(settling)).to.be.instanceOf(Error);
      });
    }

    it('an account that nothing spares is not left out', async () => {
      const store = redisLoginStore({ client: fake(['reserved', 'ip']) });
      const reserving = () => store.reserve({ ip: 'ip', account: 'account' }, budget);
      expect(await rejectionOf(reserving)).to.be.instanceOf(Error);
    });
  });
});

for (const { name, open } of clientKinds) {
  describe(`redisLoginStore over ${name}`, () => {
    let opened: Held | undefined;
    let control: Control | undefined;
    before(async function () {
      await needsRedis(this);
      opened = await open();
      control = await openControl();
    });
    after(() => {
      opened?.[Symbol.dispose]();
      control?.[Symbol.dispose]();
    });

    // Its titles name W3, B7 and B11.
    loginStoreSuite(async (): Promise<World> => {
      if (!opened || !control) throw new Error('not open');
      const { client } = opened;
      const inspect = control;
      const prefix = ownPrefix();
      let count = 0;
      return {
        open() {
          count += 1;
          // A late answer on a busy machine is no outage here.
          return redisLoginStore({ client, prefix: `${prefix}:${count}`, timeoutMs: 5000 });
        },
        pass: (ms) => inspect.age(prefix, ms),
        [Symbol.asyncDispose]: () => inspect.remove(prefix),
      };
    });
  });
}
