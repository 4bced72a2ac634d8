import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { expect } from 'chai';

import { ScopedEventStore } from '../../lib/handler/scoped-event-store.js';
import { holdTimeouts } from '../support/clock.js';
import { eventStore } from '../support/event-store.js';

type Message = Parameters<EventStore['storeEvent']>[1];
const messageOf = (n: number): Message => ({ jsonrpc: '2.0', method: `n/${n}` });

/** The error that `work` rejects with. */
async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not reject');
}

interface Replay {
  readonly streamId: string;
  readonly sent: readonly [eventId: string, message: Message][];
}

async function replay(store: EventStore, lastEventId: string): Promise<Replay> {
  const sent: [string, Message][] = [];
  const streamId = await store.replayEventsAfter(lastEventId, {
    send: async (eventId, message) => void sent.push([eventId, message]),
  });
  return { streamId, sent };
}

for (const tellsStreams of [true, false]) {
  describe(`ScopedEventStore over a store that ${tellsStreams ? 'tells' : 'does not tell'} streams`, () => {
    const STREAM = '_GET_stream';

    function scoped(scope = 'session a', inner = eventStore(tellsStreams)) {
      const failures: unknown[] = [];
      const store = new ScopedEventStore(inner, scope, (error) => failures.push(error));
      return { store, inner, failures };
    }

    it("replays what came after, under the stream's own name", async () => {
      const { store } = scoped();
      const ids = [];
      for (let i = 0; i < 3; i += 1) ids.push(await store.storeEvent(STREAM, messageOf(i)));
      const [first = ''] = ids;
      expect(await store.getStreamIdForEventId(first)).to.equal(STREAM);
      expect(await replay(store, first)).to.deep.equal({
        streamId: STREAM,
        sent: [
          [ids[1], messageOf(1)],
          [ids[2], messageOf(2)],
        ],
      });
    });

    it('keeps nothing of what it is told while it is quiet', async () => {
      const { store } = scoped();
      const first = await store.storeEvent(STREAM, messageOf(0));
      store.isQuiet = true;
      expect(await store.storeEvent(STREAM, messageOf(1))).to.equal('');
      store.isQuiet = false;
      await store.storeEvent(STREAM, messageOf(2));
      const { sent } = await replay(store, first);
      expect(sent.map(([, message]) => message)).to.deep.equal([messageOf(2)]);
    });

    it('gives up a store that does not answer, and goes on with the next event', async () => {
      using timeouts = holdTimeouts(10_000);
      const inner = eventStore(tellsStreams);
      const { storeEvent } = inner;
      const { store, failures } = scoped('session a', inner);
      const first = await store.storeEvent(STREAM, messageOf(0));
      inner.storeEvent = () => new Promise(() => {});
      const storing = rejection(store.storeEvent(STREAM, messageOf(1)));
      inner.storeEvent = storeEvent;
      const replaying = replay(store, first);
      const next = store.storeEvent(STREAM, messageOf(2));
      timeouts.fire();
      expect((await storing).message).to.equal('the event store failed');
      expect((await replaying).sent).to.deep.equal([]);
      expect(await next).to.be.a('string');
      expect(failures).to.have.lengthOf(1);
      expect(timeouts.count).to.equal(0);
    });

    it("A8 knows nothing of another session's events, and sends none of them", async () => {
      const { store, inner } = scoped('session a');
      const other = scoped('session b', inner).store;
      const first = await other.storeEvent(STREAM, messageOf(1));
      await other.storeEvent(STREAM, messageOf(2));
      expect(await store.getStreamIdForEventId(first)).to.equal(undefined);
      const sent: unknown[] = [];
      const replaying = store.replayEventsAfter(first, { send: async (...event) => void sent.push(event) });
      expect((await rejection(replaying)).message).to.equal('the event belongs to another session');
      expect(sent).to.deep.equal([]);
    });

    it('A8 replays none of what another session stored in a stream of the same name', async () => {
      const { store, inner } = scoped('session a');
      const other = scoped('session b', inner).store;
      const first = await store.storeEvent(STREAM, messageOf(1));
      await other.storeEvent(STREAM, messageOf(2));
      await store.storeEvent(STREAM, messageOf(3));
      const { sent } = await replay(store, first);
      expect(sent.map(([, message]) => message)).to.deep.equal([messageOf(3)]);
    });

    it('A8 is not deceived by stream ids that look like another scope', async () => {
      const inner = eventStore(tellsStreams);
      const { store } = scoped('session a', inner);
      const stolen = (await store.storeEvent('x', messageOf(1))) && inner.events[0]?.streamId;
      const other = scoped('session b', inner).store;
      const eventId = await other.storeEvent(String(stolen), messageOf(2));
      expect(await store.getStreamIdForEventId(eventId)).to.equal(undefined);
      expect(await other.getStreamIdForEventId(eventId)).to.equal(stolen);
    });

    it('F1 shows the store no session id', async () => {
      const { store, inner } = scoped('s3cret-session-id');
      await store.storeEvent(STREAM, messageOf(1));
      expect(JSON.stringify(inner.events)).to.not.include('s3cret');
      expect(inner.events[0]?.streamId).to.match(/^[0-9a-f]{64}\._GET_stream$/);
    });

    it('knows no event that was never stored', async () => {
      const { store, inner } = scoped();
      const sent: unknown[] = [];
      const unknown = await store.getStreamIdForEventId('nothing');
      expect(unknown).to.equal(undefined);
      expect(
        await rejection(store.replayEventsAfter('nothing', { send: async () => void sent.push(1) })),
      ).to.be.instanceOf(Error);
      expect(inner.events).to.deep.equal([]);
      expect(sent).to.deep.equal([]);
    });

    it("keeps the store's own words to itself, and tells the developer", async () => {
      const down = new Error('redis://:s3cret@db');
      const failing: EventStore = {
        storeEvent: () => Promise.reject(down),
        replayEventsAfter: () => Promise.reject(down),
        ...(tellsStreams && { getStreamIdForEventId: () => Promise.reject(down) }),
      };
      const failures: unknown[] = [];
      const store = new ScopedEventStore(failing, 'a', (error) => failures.push(error));
      const works = [
        store.storeEvent(STREAM, messageOf(1)),
        store.replayEventsAfter('x', { send: async () => {} }),
      ];
      for (const work of works) {
        const error = await rejection(work);
        expect(error.message).to.equal('the event store failed');
        expect(error.cause).to.equal(undefined);
      }
      if (tellsStreams) {
        expect((await rejection(store.getStreamIdForEventId('x'))).message).to.equal(
          'the event store failed',
        );
      } else {
        expect(await store.getStreamIdForEventId('x')).to.equal(undefined);
      }
      expect(store.failures).to.equal(failures.length);
      expect(new Set(failures)).to.deep.equal(new Set([down]));
    });

    it('survives a store that throws at once', async () => {
      const fail = (): never => {
        throw new Error('bug');
      };
      const failing: EventStore = {
        storeEvent: fail,
        replayEventsAfter: fail,
        ...(tellsStreams && { getStreamIdForEventId: fail }),
      };
      const store = new ScopedEventStore(failing, 'a', () => {});
      expect((await rejection(store.storeEvent(STREAM, messageOf(1)))).message).to.equal(
        'the event store failed',
      );
      const asked = await store.getStreamIdForEventId('x').catch((error: unknown) => error);
      expect(String(asked)).to.not.include('bug');
    });

    it('calls the store as its own', async () => {
      class Store {
        readonly seen: unknown[] = [];
        async storeEvent(): Promise<string> {
          this.seen.push('store');
          return 'id';
        }
        async replayEventsAfter(): Promise<string> {
          this.seen.push('replay');
          return 'x';
        }
      }
      const inner = new Store();
      const store = new ScopedEventStore(inner, 'a', () => {});
      await store.storeEvent(STREAM, messageOf(1));
      await store.replayEventsAfter('id', { send: async () => {} }).catch(() => {});
      expect(inner.seen).to.deep.equal(['store', 'replay']);
    });
  });
}
