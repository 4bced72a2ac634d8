import { rule } from '../options.js';
import type { Connection } from './connection.js';
import { formatEventId, hashOf, parseEventId } from './event-id.js';
import { AFTER, STORE, STREAM_OF } from './event-scripts.js';
import { isTexts, nonsense, objectIn } from './reply.js';
import type { Script } from './script.js';
import { openStore, type RedisStoreOptions } from './store-options.js';

/** The options of `redisEventStore`. */
export interface RedisEventStoreOptions extends RedisStoreOptions {
  /** Events that are kept of one stream, the newest. Default 1000. */
  readonly maxEvents?: number;
  /** How long a stream is kept after its last event, in whole seconds. Default 3600. */
  readonly ttlSeconds?: number;
}

/** The MCP SDK's `EventStore`, of either generation. */
export interface RedisEventStore {
  storeEvent(streamId: string, message: object): Promise<string>;
  getStreamIdForEventId(eventId: string): Promise<string | undefined>;
  replayEventsAfter(
    lastEventId: string,
    sender: { send(eventId: string, message: object): Promise<void> },
  ): Promise<string>;
}

/**
 * Keeps what streams have sent in Redis (6.2 or later), for `mcpHandler({ eventStore })`: a client that lost its
 * connection gets what it missed. Events are kept in clear. An event that is no longer kept is unknown: there is no
 * replay with a gap. What Redis does not answer within `timeoutMs`, or answers with an error, is an outage: the call rejects.
 * Throws `TypeError` for bad options.
 *
 * @example
 * mcpHandler({ createServer, eventStore: redisEventStore({ client }) })
 */
export function redisEventStore(options: RedisEventStoreOptions): RedisEventStore {
  const { connection, prefix } = openStore('redisEventStore', options, {
    maxEvents: rule.count,
    ttlSeconds: { ...rule.count, must: `${rule.seconds.must}, whole`, test: isWholeSeconds },
  });
  const { maxEvents = 1000, ttlSeconds = 3600 } = options;
  return new EventStore(connection, `${prefix}:events:`, [String(maxEvents), String(ttlSeconds)]);
}

const isWholeSeconds = (value: unknown): boolean => rule.count.test(value) && rule.seconds.test(value);

class EventStore implements RedisEventStore {
  readonly #connection: Connection;
  readonly #base: string;
  readonly #bounds: readonly string[];

  constructor(connection: Connection, base: string, bounds: readonly string[]) {
    this.#connection = connection;
    this.#base = base;
    this.#bounds = bounds;
  }

  async storeEvent(streamId: string, message: object): Promise<string> {
    const stream = hashOf(streamId);
    const args = [streamId, JSON.stringify(message), ...this.#bounds];
    const entry = await this.#run(STORE, stream, args);
    if (typeof entry !== 'string') throw nonsense();
    return formatEventId({ stream, entry });
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    const id = parseEventId(eventId);
    if (!id) return undefined;
    const streamId = await this.#run(STREAM_OF, id.stream, [id.entry]);
    if (streamId === null) return undefined;
    if (typeof streamId !== 'string') throw nonsense();
    return streamId;
  }

  /** Rejects where the event is not kept, before anything is sent. */
  async replayEventsAfter(
    lastEventId: string,
    { send }: Parameters<RedisEventStore['replayEventsAfter']>[1],
  ): Promise<string> {
    const id = parseEventId(lastEventId);
    const reply = id && (await this.#run(AFTER, id.stream, [id.entry]));
    if (!id || reply === null) throw new Error('the event is not kept');
    const [streamId, ...rest] = isTexts(reply) ? reply : [];
    if (streamId === undefined) throw nonsense();
    const events: [eventId: string, message: object][] = [];
    for (let at = 0; at < rest.length; at += 2) {
      const [entry = '', json = ''] = rest.slice(at, at + 2);
      const message = objectIn(json);
      if (!message) throw nonsense();
      // A stream is primed with an event without a message, which is a place to go on from and nothing to send.
      if (Object.keys(message).length > 0) events.push([formatEventId({ ...id, entry }), message]);
    }
    for (const [eventId, message] of events) await send(eventId, message);
    return streamId;
  }

  #run(script: Script, stream: string, args: readonly string[]): Promise<unknown> {
    return this.#connection.run(script, [`${this.#base}{${stream}}`], args);
  }
}
