import { McpGuardError } from '../errors.js';
import type { Publish } from '../events.js';
import type { LiveSession } from '../sessions/live-session.js';
import type { Report, ServerOrder, TellError } from './create-server.js';
import type { ConnectableServer } from './sdk.js';
import { SessionTransport, type TransportEvents, type TransportOptions } from './session-transport.js';

/** What a handler has made at its creation, for every request. */
export interface ServeContext {
  readonly makeServer: (order: ServerOrder) => Promise<ConnectableServer>;
  readonly transport: TransportOptions;
  readonly createTimeoutMs: number;
  readonly report: Report;
  readonly tellError: TellError;
  /** Hears of every error of the transport, mistakes of clients among them. */
  readonly onClientError: ((error: unknown) => void) | undefined;
  readonly publish: Publish;
  /** Of the sessions that this handler began: no other handler serves them. */
  readonly transports: WeakMap<LiveSession, SessionTransport>;
  /** How to end what is being served, for closing. */
  readonly endings: Set<() => Promise<void>>;
  /** Aborted when a handler that closes has given its grace. */
  readonly closed: AbortSignal;
}

/** Connects a fresh server. Rejects with a `McpGuardError` (503) where the server cannot be connected. */
export async function openTransport(
  server: ConnectableServer,
  sessionId: string | undefined,
  { transport, report, onClientError }: ServeContext,
  events: Pick<TransportEvents, 'onCalls' | 'onClose'>,
): Promise<SessionTransport> {
  try {
    return await SessionTransport.open(server, sessionId, transport, {
      ...events,
      onError: (error) => onClientError?.(error),
      onFailure: (error) => report('transport', 'the transport failed', error),
    });
  } catch (error) {
    report('transport', 'the server could not be connected', error);
    await server.close().catch(() => {});
    throw new McpGuardError('unavailable', { cause: error });
  }
}
