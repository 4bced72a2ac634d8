import type { Awaitable } from '../types.js';
import { isPending } from '../within-time.js';
import { answeredStream } from './answered-streams.js';
import { answeredId, Calls, requestIds } from './calls.js';
import { ScopedEventStore } from './scoped-event-store.js';
import type { ConnectableServer, EventStore, SdkTransport, SdkTransportClass } from './sdk.js';
import { toolRequest } from './web-request.js';

export interface TransportOptions {
  /** The transport of the SDK's generation that servers are of; loaded when the handler is made. */
  readonly transportClass: () => Awaitable<SdkTransportClass>;
  readonly enableJsonResponse: boolean;
  readonly eventStore: EventStore | undefined;
  readonly keepAliveMs: number | undefined;
}

export interface TransportEvents {
  /** The number of calls without an answer has changed. */
  onCalls(running: number): void;
  /** The transport is closed, by whomever. */
  onClose(): void;
  /** The SDK reports an error: its own, or a mistake of the client. */
  onError(error: unknown): void;
  /** The event store failed, or the SDK did. */
  onFailure(error: unknown): void;
}

/** The SDK's transport with a server on it, and what is kept of it here. */
export interface ConnectedTransport {
  readonly transport: SdkTransport;
  readonly calls: Calls;
  readonly events: ScopedEventStore | undefined;
}

/** Puts `server` on a transport of the SDK that tells which calls wait, and whose messages show tools no more than they may see. */
export async function connectTransport(
  server: ConnectableServer,
  sessionId: string | undefined,
  { transportClass, enableJsonResponse, eventStore, keepAliveMs }: TransportOptions,
  { onCalls, onClose, onError, onFailure }: TransportEvents,
): Promise<ConnectedTransport> {
  const events =
    sessionId !== undefined && eventStore
      ? new ScopedEventStore(eventStore, sessionId, onFailure)
      : undefined;
  const loading = transportClass();
  const Transport = isPending(loading) ? await loading : loading;
  const transport = new Transport({
    enableJsonResponse,
    ...(sessionId !== undefined && { sessionIdGenerator: () => sessionId }),
    ...(events && { eventStore: events }),
    ...(keepAliveMs !== undefined && { keepAliveMs }),
  });
  const calls = new Calls(onCalls);
  countAnswers(transport, calls, enableJsonResponse);
  transport.onclose = onClose;
  transport.onerror = onError;
  await server.connect(transport);
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) =>
    deliver?.(message, extra?.request ? { ...extra, request: toolRequest(extra.request) } : extra);
  return { transport, calls, events };
}

/** Finishes a call with its answer, and frees what the SDK would go on keeping of it. */
function countAnswers(transport: SdkTransport, calls: Calls, isJson: boolean): void {
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    const id = answeredId(message);
    const free = isJson && id !== undefined ? answeredStream(transport, id) : undefined;
    const sent = (): void => {
      free?.();
      if (id !== undefined) calls.finish(id);
    };
    const failed = (error: unknown): void => {
      // No answer will come any more: whoever waits for it must not wait for ever.
      if (id !== undefined) calls.cancel(id);
      // Nobody waits for a notification, and the SDK would not catch the rejection.
      if (id !== undefined || requestIds(message).length > 0) throw error;
    };
    return send(message, options).then(sent, failed);
  };
}
