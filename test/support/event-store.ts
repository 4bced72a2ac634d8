import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

type Message = Parameters<EventStore['storeEvent']>[1];

export interface Recorded {
  readonly eventId: string;
  readonly streamId: string;
  readonly message: Message;
}

/** Keeps events in order, in memory. `tellsStreams`: with `getStreamIdForEventId`, which a store need not have. */
export function eventStore(tellsStreams: boolean): EventStore & { readonly events: readonly Recorded[] } {
  const events: Recorded[] = [];
  const streamOf = (eventId: string): string | undefined =>
    events.find((event) => event.eventId === eventId)?.streamId;
  return {
    events,
    async storeEvent(streamId, message) {
      const eventId = `e${events.length}`;
      events.push({ eventId, streamId, message });
      return eventId;
    },
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = streamOf(lastEventId);
      if (streamId === undefined) throw new Error('no such event');
      const after = events.findIndex(({ eventId }) => eventId === lastEventId) + 1;
      for (const event of events.slice(after)) {
        // What primes a stream has no message.
        if (event.streamId === streamId && 'jsonrpc' in event.message)
          await send(event.eventId, event.message);
      }
      return streamId;
    },
    ...(tellsStreams && { getStreamIdForEventId: async (eventId: string) => streamOf(eventId) }),
  };
}
