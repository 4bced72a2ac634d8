import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { expect } from 'chai';

import { type RedisEventStoreOptions, redisEventStore } from '../../lib/redis/index.js';
import { until } from '../support/gate.js';
import { needsRedis } from '../support/redis.js';
import { clientKinds, fakeClient, type Held, ownPrefix } from '../support/redis-clients.js';
import { type Control, openControl } from '../support/redis-control.js';
import { needsRedisServer, redisServer } from '../support/redis-server.js';
import { rejectionOf } from './rejected.js';

type Message = Parameters<EventStore['storeEvent']>[1];
const messageOf = (n: number): Message => ({ jsonrpc: '2.0', method: `n/${n}` });
const PRIMING = {} as Message;
const STREAM = 'scope._GET_stream';

async function replay(store: EventStore, lastEventId: string) {
  const sent: [string, Message][] = [];
  const streamId = await store.replayEventsAfter(lastEventId, {
    send: async (eventId, message) => void sent.push([eventId, message]),
  });
  return { streamId, sent };
}

for (const { name, open: openClient } of clientKinds) {
  describe(`redisEventStore over ${name}`, () => {
    let opened: Held | undefined;
    let control: Control | undefined;
    let prefix: string;
    before(async function () {
      await needsRedis(this);
      opened = await openClient();
      control = await openControl();
    });
    beforeEach(() => {
      prefix = ownPrefix();
    });
    afterEach(() => control?.remove(prefix));
    after(() => {
      opened?.[Symbol.dispose]();
      control?.[Symbol.dispose]();
    });
    const open = (options: Partial<RedisEventStoreOptions> = {}): EventStore => {
      if (!opened) throw new Error('not open');
      return redisEventStore({ client: opened.client, prefix, timeoutMs: 5000, ...options });
    };
    const inspect = (): Control => {
      if (!control) throw new Error('not open');
      return control;
    };
    async function stored(store: EventStore, count: number, streamId: string = STREAM): Promise<string[]> {
      const ids: string[] = [];
      for (let i = 0; i < count; i += 1) ids.push(await store.storeEvent(streamId, messageOf(i)));
      return ids;
    }

    it('replays what came after an event, in order, under the ids it had', async () => {
      const store = open();
      const ids = await stored(store, 4);
      expect(await replay(store, String(ids[1]))).to.deep.equal({
        streamId: STREAM,
        sent: [
          [ids[2], messageOf(2)],
          [ids[3], messageOf(3)],
        ],
      });
      expect(await replay(store, String(ids[3]))).to.deep.equal({ streamId: STREAM, sent: [] });
    });

    it('tells the stream of an event, in another process too', async () => {
      const [id = ''] = await stored(open(), 1);
      expect(await open().getStreamIdForEventId?.(id)).to.equal(STREAM);
    });

    it('keeps streams apart, whatever they are called', async () => {
      const store = open();
      const names = ['a', 'a:b', 'a}', '{a}', '__proto__', 'ä\n', '', '*'];
      const ids = await Promise.all(names.map(async (name) => (await stored(store, 2, name))[0] ?? ''));
      for (const [at, id] of ids.entries()) {
        const { streamId, sent } = await replay(store, id);
        expect(streamId).to.equal(names[at]);
        expect(sent).to.have.length(1);
        expect(await store.getStreamIdForEventId?.(id)).to.equal(names[at]);
      }
    });

    it('keeps any text of a message', async () => {
      const store = open();
      const [id = ''] = await stored(store, 1);
      const odd: Message = { jsonrpc: '2.0', method: 'x', params: { text: '{}\n\0 "ä" 😀 \u2028', n: 0.1 } };
      await store.storeEvent(STREAM, odd);
      expect((await replay(store, id)).sent.map(([, message]) => message)).to.deep.equal([odd]);
    });

    it('goes on from a priming event, and sends none', async () => {
      const store = open();
      const prime = await store.storeEvent(STREAM, PRIMING);
      const ids = await stored(store, 1);
      const again = await store.storeEvent(STREAM, PRIMING);
      expect((await replay(store, prime)).sent).to.deep.equal([[ids[0], messageOf(0)]]);
      expect(await store.getStreamIdForEventId?.(again)).to.equal(STREAM);
    });

    it('gives events that come at once the order they came in, also when Redis does not know the script', async () => {
      const store = open();
      const first = await store.storeEvent(STREAM, messageOf(-1));
      await inspect().redis.script('FLUSH');
      const ids = await Promise.all(
        Array.from({ length: 200 }, (_, i) => store.storeEvent(STREAM, messageOf(i))),
      );
      const { sent } = await replay(store, first);
      expect(sent).to.deep.equal(ids.map((id, i) => [id, messageOf(i)]));
    });

    it('knows no event that was never stored, and does not ask for what is no event id', async () => {
      const store = open();
      const [id = ''] = await stored(store, 1);
      const [hash = ''] = id.split('.');
      const strange = [
        ...['', '0', 'nothing', '*', '%00', '_GET_stream', STREAM, '{}', '.', '__proto__', hash, `${hash}.`],
        ...[`${hash}.0-0`, `${hash}.1-1`, `${hash}.-`, `${hash}.+`, `${hash}.(0-0`, `${hash}.$`, `${id} `],
        ...[`${hash}.99999999999999999999999-0`, `${hash}.0${id.slice(44)}`, `${id}\n`, `${id}0`, `x${id}`],
        ...[`${'A'.repeat(43)}.${id.slice(44)}`, id.toLowerCase(), 'x'.repeat(100_000)],
      ];
      for (const one of strange) {
        expect(await store.getStreamIdForEventId?.(one), one.slice(0, 80)).to.equal(undefined);
        expect(await rejectionOf(() => replay(store, one)), one.slice(0, 80)).to.have.property(
          'message',
          'the event is not kept',
        );
      }
    });

    it('W24 keeps the newest maxEvents; who has missed more is told so, not sent the rest', async () => {
      const store = open({ maxEvents: 3 });
      const ids = await stored(store, 5);
      for (const gone of ids.slice(0, 2)) {
        expect(await store.getStreamIdForEventId?.(gone)).to.equal(undefined);
        expect(await rejectionOf(() => replay(store, gone))).to.be.instanceOf(Error);
      }
      expect((await replay(store, String(ids[2]))).sent).to.have.length(2);
    });

    it('W24 keeps a stream for ttlSeconds after its last event', async () => {
      const store = open({ ttlSeconds: 100 });
      const [first = ''] = await stored(store, 1);
      await inspect().age(prefix, 99_000);
      await stored(store, 1);
      await inspect().age(prefix, 99_000);
      expect(await store.getStreamIdForEventId?.(first)).to.equal(STREAM);
      await inspect().age(prefix, 1000);
      expect(await store.getStreamIdForEventId?.(first)).to.equal(undefined);
      expect(await rejectionOf(() => replay(store, first))).to.be.instanceOf(Error);
      expect(await inspect().keys(prefix)).to.deep.equal([]);
    });

    it('drops events older than ttlSeconds with the next one', async () => {
      const store = open({ ttlSeconds: 1 });
      const [first = ''] = await stored(store, 1);
      await new Promise((resolve) => setTimeout(resolve, 600));
      const [second = ''] = await stored(store, 1);
      await new Promise((resolve) => setTimeout(resolve, 600));
      await stored(store, 1);
      expect(await store.getStreamIdForEventId?.(first)).to.equal(undefined);
      expect((await replay(store, second)).sent).to.have.length(1);
    });

    it('keeps one key for a stream, with an end, and the message in clear', async () => {
      await stored(open(), 2);
      const keys = await inspect().keys(prefix);
      expect(keys).to.have.length(1);
      expect(keys[0]).to.match(/^test-[0-9a-f]+:events:\{[\w-]{43}\}$/);
      expect(await inspect().redis.ttl(String(keys[0]))).to.be.within(3590, 3600);
      expect(JSON.stringify(await inspect().redis.xrange(String(keys[0]), '-', '+'))).to.include('n/1');
    });
  });

  describe(`redisEventStore over ${name}, when Redis fails`, () => {
    before(function () {
      needsRedisServer(this);
    });

    it('D3 stopped: rejects in time; what Redis takes late is in its place', async () => {
      await using own = await redisServer();
      using other = await openClient(own.url);
      const store = redisEventStore({ client: other.client });
      const first = await store.storeEvent(STREAM, messageOf(0));
      own.freeze();
      const begun = performance.now();
      const results = await Promise.allSettled([1, 2, 3].map((i) => store.storeEvent(STREAM, messageOf(i))));
      expect(results.every(({ status }) => status === 'rejected')).to.equal(true);
      // 200 ms, and what a busy machine adds to it.
      expect(performance.now() - begun).to.be.below(700);
      expect(await rejectionOf(() => store.getStreamIdForEventId(first))).to.be.instanceOf(Error);
      own.thaw();
      const asking = () => store.getStreamIdForEventId(first);
      await until('Redis is back', async () => !(await rejectionOf(asking)));
      const last = await store.storeEvent(STREAM, messageOf(4));
      const sent = (await replay(store, first)).sent;
      expect(sent.at(-1)).to.deep.equal([last, messageOf(4)]);
      expect(sent.map(([, message]) => message)).to.deep.equal([1, 2, 3, 4].map(messageOf));
    });
  });
}

describe('redisEventStore', () => {
  const client = fakeClient(async () => null);
  for (const [what, options, message] of [
    ['no client', {}, 'option "client" must be a client of the package redis or ioredis'],
    ['an unknown option', { client, max: 1 }, 'unknown option "max"'],
    ['an empty prefix', { client, prefix: '' }, 'option "prefix" must be'],
    ['no event', { client, maxEvents: 0 }, 'option "maxEvents" must be a positive integer'],
    ['half an event', { client, maxEvents: 0.5 }, 'option "maxEvents" must be'],
    [
      'half a second',
      { client, ttlSeconds: 0.5 },
      'option "ttlSeconds" must be a positive number of seconds, at most 2147483, whole',
    ],
    ['no end', { client, ttlSeconds: Number.POSITIVE_INFINITY }, 'option "ttlSeconds" must be'],
    ['no time', { client, timeoutMs: -1 }, 'option "timeoutMs" must be'],
  ] as const) {
    it(`${what}: TypeError`, () => {
      const making = () => redisEventStore(options as unknown as RedisEventStoreOptions);
      expect(making).to.throw(TypeError, `redisEventStore: ${message}`);
    });
  }

  describe('where Redis has to be told the script', () => {
    before(async function () {
      await needsRedis(this);
    });

    it('keeps the order of events, whenever it says so', async () => {
      using control = await openControl();
      const prefix = ownPrefix();
      let unknown = 2;
      const store = redisEventStore({
        prefix,
        client: fakeClient(async (command, ...args) => {
          if (command === 'EVALSHA' && unknown > 0) {
            unknown -= 1;
            await new Promise((resolve) => setTimeout(resolve, unknown === 1 ? 20 : 60));
            throw new Error('NOSCRIPT');
          }
          return control.redis.call(command, ...args);
        }),
      });
      const storing = [0, 1].map((n) => store.storeEvent(STREAM, messageOf(n)));
      await new Promise((resolve) => setTimeout(resolve, 40));
      storing.push(store.storeEvent(STREAM, messageOf(2)));
      const [first = ''] = await Promise.all(storing);
      unknown = 0;
      const { sent } = await replay(store, first);
      await control.remove(prefix);
      expect(sent.map(([, message]) => message)).to.deep.equal([messageOf(1), messageOf(2)]);
    });
  });

  const id = `${'A'.repeat(43)}.1-0`;
  for (const reply of [
    undefined,
    1,
    {},
    [],
    'OK',
    [1],
    ['s', '2-0'],
    ['s', '2-0', 'x'],
    ['s', '2-0', '[]'],
  ]) {
    it(`sends nothing of an answer that makes no sense: ${JSON.stringify(reply)}`, async () => {
      const store = redisEventStore({ client: fakeClient(async () => reply) });
      const sent: unknown[] = [];
      const replaying = () => store.replayEventsAfter(id, { send: async (...all) => void sent.push(all) });
      const refusal = await rejectionOf(replaying);
      expect(refusal).to.have.property('message', 'Redis gave an answer that makes no sense');
      expect(sent).to.deep.equal([]);
      if (typeof reply !== 'string') {
        expect(await rejectionOf(() => store.getStreamIdForEventId(id))).to.be.instanceOf(Error);
        expect(await rejectionOf(() => store.storeEvent('s', {}))).to.be.instanceOf(Error);
      }
    });
  }
});
