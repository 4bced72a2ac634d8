import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

import { redisEventStore } from '../../lib/redis/index.js';
import type { Recorded } from '../support/event-store.js';
import { ownPrefix } from '../support/redis-clients.js';
import { type Control, openControl } from '../support/redis-control.js';

/** An event store over Redis that remembers what it was given. */
export interface RecordedStore extends EventStore {
  readonly events: readonly Recorded[];
}

/** Records of one prefix in Redis, and stores over them; disposing removes them. */
export interface EventRecords extends AsyncDisposable {
  readonly control: Control;
  readonly prefix: string;
  store(): RecordedStore;
}

export async function openEventRecords(): Promise<EventRecords> {
  const control = await openControl();
  const prefix = ownPrefix();
  return {
    control,
    prefix,
    store: () => recorded(redisEventStore({ client: control.redis, prefix, timeoutMs: 5000 })),
    async [Symbol.asyncDispose]() {
      await control.remove(prefix);
      control[Symbol.dispose]();
    },
  };
}

function recorded(store: EventStore): RecordedStore {
  const events: Recorded[] = [];
  return {
    events,
    async storeEvent(streamId, message) {
      const eventId = await store.storeEvent(streamId, message);
      events.push({ eventId, streamId, message });
      return eventId;
    },
    getStreamIdForEventId: async (eventId) => store.getStreamIdForEventId?.(eventId),
    replayEventsAfter: (lastEventId, sender) => store.replayEventsAfter(lastEventId, sender),
  };
}
