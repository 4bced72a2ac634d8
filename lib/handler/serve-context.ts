import { McpGuardError } from '../errors.js';
import type { Publish } from '../events.js';
import { publisher } from '../guard.js';
import type { LiveSession } from '../sessions/live-session.js';
import type { Awaitable } from '../types.js';
import type { TransportEvents, TransportOptions } from './connect-transport.js';
import {
  errorTeller,
  type Report,
  reporter,
  type ServerOrder,
  serverMaker,
  type TellError,
} from './create-server.js';
import type { HandlerOptions } from './handler-options.js';
import type { ConnectableServer } from './sdk.js';
import { SessionTransport } from './session-transport.js';

/** What every handler has made at its creation, for every request. */
export interface ServeBase {
  readonly makeServer: (order: ServerOrder) => Awaitable<ConnectableServer>;
  readonly createTimeoutMs: number;
  readonly report: Report;
  readonly tellError: TellError;
  /** Tells the developer of an `endSession` that failed. One for all: each session keeps it. */
  readonly tellEndError: (error: unknown) => void;
  /** Hears of every error of the transport, mistakes of clients among them. */
  readonly onClientError: ((error: unknown) => void) | undefined;
  readonly publish: Publish;
  /** How to end what is being served, for closing. */
  readonly endings: Set<() => Promise<void>>;
  /** Aborted when a handler that closes has given its grace. */
  readonly closed: AbortSignal;
}

export interface ServeContext extends ServeBase {
  readonly transport: TransportOptions;
  /** Of the sessions that this handler began, or took over: no other handler of this process serves them. */
  readonly transports: WeakMap<LiveSession, SessionTransport>;
  /** Of the sessions that this handler is about to take over. */
  readonly rebuilding: WeakMap<LiveSession, Promise<SessionTransport | undefined>>;
  /** Whether sessions that other processes began are built again here. */
  readonly failover: boolean;
}

export interface ServeSetup extends Pick<HandlerOptions, 'createTimeoutMs' | 'onError'> {
  readonly createServer: (order: ServerOrder) => Awaitable<ConnectableServer>;
}

/** `owner` is the handler's name, for events and warnings. */
export function serveBase(
  owner: string,
  { createServer, createTimeoutMs = 5000, onError }: ServeSetup,
  closed: AbortSignal,
): ServeBase {
  const publish = publisher(owner);
  const tellError = errorTeller(owner, onError);
  const report = reporter(publish, tellError);
  return {
    makeServer: serverMaker(owner, createServer, createTimeoutMs, report),
    createTimeoutMs,
    report,
    tellError,
    tellEndError: (error) => tellError('endSession failed', error),
    onClientError: onError && ((error) => quietly(onError, error)),
    publish,
    endings: new Set(),
    closed,
  };
}

/** What the user's listener throws changes nothing. */
function quietly(onError: (error: unknown) => void, error: unknown): void {
  try {
    onError(error);
  } catch {}
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
