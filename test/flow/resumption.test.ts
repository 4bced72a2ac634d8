import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import type { McpHandlerOptions } from '../../lib/index.js';
import { openEventRecords, type RecordedStore } from '../redis/event-support.js';
import { call, toolCall } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { eventStore } from '../support/event-store.js';
import { type Gate, gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { needsRedis } from '../support/redis.js';
import { begin, type Session } from '../support/session.js';
import type { Stream } from '../support/stream.js';

const isLog = ({ method }: { method?: string }): boolean => method === 'notifications/message';
const logged = (stream: Stream): unknown[] => stream.messages.filter(isLog).map(({ params }) => params?.data);
const lastId = (stream: Stream): string => String(stream.events.at(-1)?.id);

/** Where the events of a test are kept. */
interface Keeping extends AsyncDisposable {
  store(): RecordedStore;
}

const inMemory = (tellsStreams: boolean) => async (): Promise<Keeping> => ({
  store: () => eventStore(tellsStreams),
  [Symbol.asyncDispose]: async () => {},
});

const KINDS: Readonly<Record<string, () => Promise<Keeping>>> = {
  'a store that tells the stream of an event': inMemory(true),
  'a store that does not tell the stream of an event': inMemory(false),
  redisEventStore: openEventRecords,
};

for (const [kind, keep] of Object.entries(KINDS)) {
  describe(`resumption, with ${kind}`, () => {
    let keeping: Keeping | undefined;
    before(async function () {
      if (kind === 'redisEventStore') await needsRedis(this);
    });
    const newStore = (): RecordedStore => {
      if (!keeping) throw new Error('not open');
      return keeping.store();
    };
    beforeEach(async () => {
      keeping = await keep();
    });
    afterEach(() => keeping?.[Symbol.asyncDispose]());

    let servers: Map<string, McpServer>;
    let steps: Gate[];
    const serving = (store = newStore(), options: Partial<McpHandlerOptions> = {}) => {
      servers = new Map();
      steps = [gate(), gate()];
      return guarded({
        handler: { eventStore: store, ...options },
        createServer: ({ principal, sessionId = '' }) => {
          const server = buildServer(principal);
          server.registerTool('steps', {}, async ({ sendNotification }) => {
            for (const [n, { opened }] of steps.entries()) {
              await opened;
              const params = { level: 'info' as const, data: `step ${n}` };
              await sendNotification({ method: 'notifications/message', params });
            }
            return { content: [{ type: 'text', text: 'done' }] };
          });
          servers.set(sessionId, server);
          return server;
        },
      });
    };
    /** Begins call 9, and cuts its stream off in the middle. Resolves to where that can go on. */
    const cutOffAfterOneStep = async (session: Session): Promise<string> => {
      const stream = await session.stream(toolCall('steps', {}, 9));
      steps[0]?.open();
      await stream.message('the first step is there', isLog);
      stream.drop();
      await stream.ended;
      return lastId(stream);
    };
    const log = (session: { readonly id: string }, data: string): Promise<void> | undefined =>
      servers.get(session.id)?.sendLoggingMessage({ level: 'info', data });

    it('sends on the GET stream what its client missed, once, and then goes on', async () => {
      await using app = await serving();
      const session = await begin(app.url, as('ann'));
      const first = await session.listen();
      await log(session, 'heard');
      await first.message('the first is heard', isLog);
      const cursor = lastId(first);
      first.drop();
      await first.ended;
      await log(session, 'missed 1');
      await log(session, 'missed 2');
      const second = await session.listen({ 'last-event-id': cursor });
      expect(second.response.statusCode).to.equal(200);
      await until('the missed are there', () => logged(second).length === 2);
      await log(session, 'live');
      await until('the live one is there', () => logged(second).length === 3);
      expect(logged(second)).to.deep.equal(['missed 1', 'missed 2', 'live']);
      expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
    });

    it('sends the rest of a call whose client was cut off', async () => {
      await using app = await serving();
      const session = await begin(app.url, as('ann'));
      const cursor = await cutOffAfterOneStep(session);
      steps[1]?.open();
      const rest = await session.listen({ 'last-event-id': cursor });
      expect(rest.response.statusCode).to.equal(200);
      const answer = await rest.message('the result is there', ({ id }) => id === 9);
      expect(answer.result?.content).to.deep.equal([{ type: 'text', text: 'done' }]);
      expect(logged(rest)).to.deep.equal(['step 1']);
    });

    it('sends what is stored while the rest is replayed, once', async () => {
      const store = newStore();
      const [read, sent] = [gate(), gate()];
      const { replayEventsAfter } = store;
      // A store that does not tell the stream of an event is first replayed to nobody.
      let before = store.getStreamIdForEventId ? 0 : 1;
      store.replayEventsAfter = async (eventId, { send }) => {
        if (before-- > 0) return replayEventsAfter(eventId, { send });
        const events: Parameters<typeof send>[] = [];
        const streamId = await replayEventsAfter(eventId, {
          send: async (...event) => void events.push(event),
        });
        read.open();
        await sent.opened;
        for (const event of events) await send(...event);
        return streamId;
      };
      await using app = await serving(store);
      const other = await begin(app.url, as('ann'));
      const session = await begin(app.url, as('ann'));
      const cursor = await cutOffAfterOneStep(session);
      const listening = session.listen({ 'last-event-id': cursor });
      await read.opened;
      steps[1]?.open();
      // What the store has been asked before, it has answered by then.
      expect(await other.tool('echo', { text: 'alive' })).to.equal('alive');
      sent.open();
      const rest = await listening;
      await rest.message('the result is there', ({ id }) => id === 9);
      expect(logged(rest)).to.deep.equal(['step 1']);
      expect(rest.messages.filter(({ id }) => id === 9)).to.have.lengthOf(1);
    });

    it("lets the SDK's client go on by itself", async () => {
      await using app = await serving();
      const transport = new StreamableHTTPClientTransport(app.url, {
        requestInit: { headers: as('ann') },
        reconnectionOptions: {
          initialReconnectionDelay: 1,
          maxReconnectionDelay: 5,
          reconnectionDelayGrowFactor: 1,
          maxRetries: 99,
        },
      });
      const client = new Client({ name: 'test', version: '1' });
      await client.connect(transport);
      let tokens = 0;
      const options = {
        onresumptiontoken: () => {
          tokens += 1;
        },
      };
      const result = client.callTool({ name: 'steps', arguments: {} }, undefined, options);
      steps[0]?.open();
      await until('the stream can be resumed', () => tokens > 1);
      app.served.server.closeAllConnections();
      steps[1]?.open();
      expect((await result).content).to.deep.equal([{ type: 'text', text: 'done' }]);
      await client.close();
    });

    it("refuses an event id of another session, the person's own too, without an event", async () => {
      const store = newStore();
      await using app = await serving(store);
      for (const name of ['ann', 'ben']) {
        const other = await begin(app.url, as(name));
        const stream = await other.listen();
        await log(other, 's3cret');
        await stream.message('it has come', isLog);
        await other.tool('echo', { text: 's3cret' });
      }
      const foreign = store.events.map(({ eventId }) => eventId);
      expect(foreign).to.have.length.above(6);
      const mine = await begin(app.url, as('ann'));
      for (const id of [...foreign, 'e999', 'nonsense', '%00', '_GET_stream', '.']) {
        const answer = await mine.listen({ 'last-event-id': id });
        expect(answer.response.statusCode, id).to.equal(400);
        await answer.ended;
        expect(answer.text).to.include('error').and.not.include('s3cret');
      }
      expect(await mine.tool('echo', { text: 'alive' })).to.equal('alive');
    });

    it('names streams of two sessions apart in the store, and shows it no session id', async () => {
      const store = newStore();
      await using app = await serving(store);
      const sessions = [await begin(app.url, as('ann')), await begin(app.url, as('ann'))];
      for (const session of sessions) await log(session, 'hello');
      const streams = store.events.filter(({ message }) => isLog(message as { method?: string }));
      expect(new Set(streams.map(({ streamId }) => streamId)).size).to.equal(2);
      for (const { id } of sessions) expect(JSON.stringify(store.events)).to.not.include(id);
    });

    it('ends the answer of a call whose result cannot be kept, and the session can go idle', async () => {
      using clock = stopClock();
      const store = newStore();
      const { storeEvent } = store;
      store.storeEvent = async (streamId, message) => {
        if ('result' in message && 'content' in message.result) throw new Error('s3cret');
        return storeEvent(streamId, message);
      };
      const errors: unknown[] = [];
      await using app = await serving(store, { onError: (error) => errors.push(error) });
      const session = await begin(app.url, as('ann'));
      const answer = await session.send(toolCall('echo', { text: 'x' }));
      expect(answer.status).to.equal(200);
      expect(answer.text).to.not.include('s3cret');
      expect(errors.map(String)).to.include('Error: s3cret');
      clock.advance(1_800_250);
      await until('it went idle', async () => (await app.sessions.list()).length === 0);
    });

    it('refuses a resumption while the stream is still open', async () => {
      await using app = await serving();
      const session = await begin(app.url, as('ann'));
      const stream = await session.listen();
      await log(session, 'heard');
      await stream.message('it is heard', isLog);
      const headers = { ...session.headers, 'last-event-id': lastId(stream) };
      expect((await call(app.url, { method: 'GET', headers })).status).to.equal(409);
      await log(session, 'still');
      await until('the first goes on', () => logged(stream).length === 2);
    });
  });
}

describe('resumption, with a store that cannot replay', () => {
  it('is an outage, whose words nobody is told', async () => {
    const store = eventStore(true);
    const errors: string[] = [];
    await using app = await guarded({
      handler: {
        eventStore: { ...store, replayEventsAfter: () => Promise.reject(new Error('s3cret')) },
        onError: (error) => errors.push(String(error)),
      },
    });
    const session = await begin(app.url, as('ann'));
    await session.send(toolCall('whoami'));
    const { eventId } = store.events.at(-1) ?? {};
    const reply = await call(app.url, {
      method: 'GET',
      headers: { ...session.headers, 'last-event-id': String(eventId) },
    });
    expect([reply.status, reply.code]).to.deep.equal([503, 'unavailable']);
    expect(reply.text).to.not.include('s3cret');
    expect(errors).to.include('Error: s3cret');
    expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
  });
});
