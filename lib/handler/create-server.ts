import { isGuardError, McpGuardError } from '../errors.js';
import type { Publish } from '../events.js';
import { hasMethods } from '../options.js';
import type { EndSignal } from '../sessions/end-signal.js';
import type { Awaitable, ForwardedCredentials, Principal } from '../types.js';
import { isPending, withinTime } from '../within-time.js';
import type { ConnectableServer } from './sdk.js';

export interface CreateServerContext {
  /** Whom the server works for, with what `startSession` added. */
  readonly principal: Principal;
  /** `undefined` where no session binding is mounted: the server then serves one request. */
  readonly sessionId: string | undefined;
  /** What clients bring for an upstream, where `mcpForwardedCredentials` takes it; else its `fetch` rejects. */
  readonly credentials: ForwardedCredentials;
  /** Aborted when creation takes too long and when the session (or the one request) ends. */
  readonly signal: AbortSignal;
}

/** Which protocol the server is to speak, where a handler serves more than one. */
export type Era = 'legacy' | 'modern';

/** What a handler asks a server for; `era` is left out where there is but one. */
export interface ServerOrder extends CreateServerContext {
  readonly era?: Era;
}

/** What a handler asks a server for; its `signal` is made where it is read. */
export function serverOrder(
  principal: Principal,
  sessionId: string | undefined,
  credentials: ForwardedCredentials,
  end: EndSignal,
): ServerOrder {
  return {
    principal,
    sessionId,
    credentials,
    get signal() {
      return end.signal;
    },
  };
}

/** The same order, which names the protocol. */
export function inEra<E extends Era>(order: ServerOrder, era: E): ServerOrder & { readonly era: E } {
  const { principal, sessionId, credentials } = order;
  return {
    ...{ principal, sessionId, credentials, era },
    get signal() {
      return order.signal;
    },
  };
}

/** What went wrong on the server's side. */
export type Failure = 'create_server' | 'start_session' | 'end_session' | 'transport';

/** Tells the developer of an error, and the listeners that something failed. */
export type Report = (failure: Failure, what: string, error: unknown) => void;

/** Tells the developer of an error. */
export type TellError = (what: string, error: unknown) => void;

/** The raw error goes to `onError` alone; without it a warning says what failed, and names no content. */
export function errorTeller(owner: string, onError: ((error: unknown) => void) | undefined): TellError {
  return (what, error) => {
    if (onError) {
      try {
        onError(error);
      } catch {}
      return;
    }
    const name = error instanceof Error ? error.name : typeof error;
    process.emitWarning(`${owner}: ${what} (${name}); pass onError to see it`, { code: 'MCP_GUARD_SERVER' });
  };
}

export function reporter(publish: Publish, tell: TellError): Report {
  return (failure, what, error) => {
    publish({ type: 'server.failed', reason: failure });
    tell(what, error);
  };
}

/** A refusal by policy stays one, all else is an outage. */
export function policyOr503(error: unknown): McpGuardError {
  const isPolicy = isGuardError(error) && (error.code === 'forbidden' || error.code === 'insufficient_scope');
  return isPolicy ? error : new McpGuardError('unavailable', { cause: error });
}

/**
 * Wraps the user's `createServer`: bounded in time, and never the same server twice, since two transports on one
 * server leak answers between clients (GHSA-345p-7cg4-v4c7). Throws, or rejects with, a `McpGuardError`.
 */
export function serverMaker<S extends ConnectableServer>(
  owner: string,
  createServer: (order: ServerOrder) => Awaitable<S>,
  timeoutMs: number,
  report: Report,
): (order: ServerOrder) => Awaitable<S> {
  const known = new WeakSet<object>();

  const denialOf = (error: unknown): McpGuardError => {
    const denial = policyOr503(error);
    if (denial.code === 'unavailable') report('create_server', 'createServer failed', error);
    return denial;
  };

  const accept = (server: unknown): S => {
    const problem = hasMethods(server, ['connect', 'close'])
      ? known.has(server as object) &&
        'createServer returned the same server twice; it must return a fresh one'
      : 'createServer returned something that is not an MCP server';
    if (problem) {
      const error = new TypeError(`${owner}: ${problem}`);
      report('create_server', problem, error);
      throw new McpGuardError('unavailable', { cause: error });
    }
    known.add(server as object);
    return server as S;
  };

  const inTime = async (creating: Promise<S>): Promise<S> => {
    let server: unknown;
    try {
      server = await withinTime(() => creating, timeoutMs);
    } catch (error) {
      // A server that comes after all has nobody to serve, unless it is the one of another session.
      creating.then((late) => (known.has(late) ? undefined : late?.close?.())).catch(() => {});
      throw denialOf(error);
    }
    return accept(server);
  };

  return (order) => {
    let created: Awaitable<S>;
    try {
      created = createServer(order);
    } catch (error) {
      throw denialOf(error);
    }
    return isPending(created) ? inTime(Promise.resolve(created)) : accept(created);
  };
}
