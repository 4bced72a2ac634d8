import { channel } from 'node:diagnostics_channel';

import type { McpGuardErrorCode } from './errors.js';
import type { SessionEndReason } from './types.js';

/** Why a proof failed or a session was refused, also where the wire tells less. */
export type GuardEventReason =
  | McpGuardErrorCode
  | 'wrong'
  | 'expired'
  | 'inactive'
  | 'abstained'
  | 'verifier_error'
  | 'verifier_timeout'
  | 'verifier_answer'
  | 'overloaded'
  | 'limiter_error'
  | 'store_error'
  | 'unknown_session'
  | 'malformed_session_id'
  | 'foreign_session'
  | 'reduced_scopes'
  | 'create_server'
  | 'start_session'
  | 'end_session'
  | 'transport';

interface Common {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The guard that speaks. */
  readonly guard: string;
  /** Who, as the escaped identity key `[issuer, tenant, subject]`, where known. */
  readonly principal?: string;
  /** A hash of the session id, where there is one. */
  readonly session?: string;
  /** The client's limiter key (address or /64), where known. */
  readonly client?: string;
}

/** What guards tell about. Never a credential, token, session id or header. */
export type GuardEvent = Common &
  (
    | { readonly type: 'auth.succeeded' }
    | { readonly type: 'auth.failed'; readonly reason: GuardEventReason }
    | { readonly type: 'auth.throttled'; readonly retryAfterSeconds: number }
    | { readonly type: 'auth.unavailable'; readonly reason: GuardEventReason }
    | { readonly type: 'session.started' }
    | { readonly type: 'session.restored' }
    | { readonly type: 'session.refused'; readonly reason: GuardEventReason }
    | { readonly type: 'session.ended'; readonly reason: SessionEndReason }
    | { readonly type: 'server.failed'; readonly reason: GuardEventReason }
  );

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An event before it is dated, signed and escaped. */
export type GuardNews = DistributiveOmit<GuardEvent, 'at' | 'guard'>;

/** Tells the listeners; does nothing where there are none. */
export type Publish = (news: GuardNews) => void;

export const guardChannel: ReturnType<typeof channel> = channel('express-mcp-guards');

/**
 * Listens to what the guards of this process do. Returns the way to stop listening.
 * A listener that throws or rejects changes nothing. Throws `TypeError` for anything but a function.
 */
export function onGuardEvent(listener: (event: GuardEvent) => void): () => void {
  if (typeof listener !== 'function') throw new TypeError('onGuardEvent: listener must be a function');
  // A subscriber that throws would become an uncaught exception.
  const careful = (event: unknown): void => {
    try {
      const outcome: unknown = listener(event as GuardEvent);
      if (outcome instanceof Promise) outcome.catch(() => {});
    } catch {}
  };
  guardChannel.subscribe(careful);
  return () => {
    guardChannel.unsubscribe(careful);
  };
}
