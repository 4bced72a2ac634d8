import { digest } from '../credentials/fingerprint.js';
import { withinTime } from '../within-time.js';
import { ReplayTurns } from './replay-turns.js';
import type { EventStore } from './sdk.js';

type Sender = Parameters<EventStore['replayEventsAfter']>[1];

/** A store that has not answered by then has failed: what is stored and what is replayed wait for each other. */
const ANSWER_MS = 10_000;

/**
 * A session's own corner of the user's event store. The SDK names the stream of every session's GET alike, so stream
 * ids are prefixed, and an event id is honoured only where the store says that its stream is this session's.
 */
export class ScopedEventStore implements EventStore {
  readonly #store: EventStore;
  readonly #prefix: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #turns = new ReplayTurns();
  /** How often the store has failed. */
  failures = 0;
  /** While a handshake is said again: its client has had the answers, and must not be sent them once more. */
  isQuiet = false;

  /** `scope` tells sessions apart; the store sees only its hash. */
  constructor(store: EventStore, scope: string, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
    // In hex: stores cut stream ids out of event ids at an `_` or `-`, the SDK's example does.
    this.#prefix = `${Buffer.from(digest('event scope', scope), 'base64url').toString('hex')}.`;
  }

  storeEvent(streamId: string, message: object): Promise<string> {
    if (this.isQuiet) return Promise.resolve('');
    return this.#turns.storing(() =>
      this.#ask(() => this.#store.storeEvent(this.#prefix + streamId, message)),
    );
  }

  /** The SDK answers 400 where this is `undefined`, before any event is sent. */
  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    const store = this.#store;
    const streamId = store.getStreamIdForEventId
      ? await this.#ask(async () => store.getStreamIdForEventId?.(eventId))
      : await this.#streamByReplaying(eventId);
    return this.#ownStream(streamId);
  }

  /** The store tells only by replaying; what it replays here goes nowhere. */
  async #streamByReplaying(eventId: string): Promise<string | undefined> {
    try {
      return await this.#store.replayEventsAfter(eventId, { send: async () => {} });
    } catch {
      return undefined;
    }
  }

  replayEventsAfter(lastEventId: string, sender: Sender): Promise<string> {
    return this.#turns.replaying(() => this.#replay(lastEventId, sender));
  }

  async #replay(lastEventId: string, { send }: Sender): Promise<string> {
    const events: [string, object][] = [];
    const streamId = await this.#ask(() =>
      this.#store.replayEventsAfter(lastEventId, {
        send: async (eventId, message) => void events.push([eventId, message]),
      }),
    );
    const own = this.#ownStream(streamId);
    if (own === undefined) throw new Error('the event belongs to another session');
    for (const [eventId, message] of events) await send(eventId, message);
    return own;
  }

  /** The SDK tells clients the text of what it catches: the store's own text stays here. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await withinTime(question, ANSWER_MS);
    } catch (error) {
      this.failures += 1;
      this.#onFailure(error);
      throw new Error('the event store failed');
    }
  }

  #ownStream(streamId: string | undefined): string | undefined {
    return streamId?.startsWith(this.#prefix) ? streamId.slice(this.#prefix.length) : undefined;
  }
}
