import { McpGuardError, type McpGuardErrorCode } from '../errors.js';
import { mergePrincipal, principalKey, sealPrincipal } from '../principal.js';
import type { SessionHooks } from '../request-state.js';
import type { Principal, SessionEndReason, SessionRecord } from '../types.js';
import { EndSignal } from './end-signal.js';
import type { Exchange } from './exchange.js';
import { type Origin, originOf } from './origin.js';

const MAX_PROOFS = 4;

/** A session that this process serves. */
export class LiveSession {
  readonly id: string;
  /** The identity it is bound to. */
  readonly owner: string;
  /** Who began it, as proven then. */
  readonly presented: Principal;
  /** The same, with what `startSession` added. */
  principal: Principal;
  readonly createdAt: number;
  lastSeenAt: number;
  /** When `lastSeenAt` was last written to the store. */
  writtenAt: number;
  /** When the store last said that it is kept. */
  confirmedAt: number;
  /** The absolute end, milliseconds since the epoch. */
  expiresAt: number;
  /** What other nodes have been told: until then it is busy here. */
  busyUntil = 0;
  /** Since when it has been seen busy, without a break. */
  busySince: number | undefined;
  /** The same of other nodes, as far as it is known here. */
  othersBusyUntil = 0;
  /** Another node can go on with it. */
  canMove = false;
  /** Where another node began it: how it is built again. */
  origin: Origin | undefined;
  hooks: SessionHooks | undefined;
  /** What the store keeps of its beginning once the login is done; until then. */
  afterLogin: object | undefined;
  readonly exchanges: Set<Exchange> = new Set();
  /** Told of an `endSession` that fails. */
  onEndError: ((error: unknown) => void) | undefined;
  /** Calls without an answer yet; they outlive the exchange of a client that went away. */
  calls = 0;
  /** Closes what the handler built for it. */
  closeServer: (() => Promise<void>) | undefined;
  /** Fingerprints of the credentials that its caller has proven in it. */
  proofs: readonly string[] = [];
  /** Whoever began it has not said yet that it serves: it is not idle. */
  isStarting = false;
  /** Its client is about to end it. */
  isDeleting = false;
  /** Until then the store is not asked again whether it is idle on all nodes. */
  askedUntil = 0;
  /** The end, once it has begun. */
  ending: Promise<void> | undefined;
  /** Why, once it has; also what a beginning is undone with that did not become a session. */
  endReason: SessionEndReason = 'failed';
  /** Another node has ended it. */
  isEndedByOthers = false;
  /** Told when the session ends. */
  readonly end: EndSignal = new EndSignal();
  #merged: WeakMap<Principal, Principal> | undefined;

  constructor(id: string, presented: Principal, now: number, expiresAt: number) {
    this.id = id;
    this.owner = principalKey(presented);
    this.presented = presented;
    this.principal = presented;
    this.createdAt = now;
    this.lastSeenAt = now;
    this.writtenAt = now;
    this.confirmedAt = now;
    this.expiresAt = expiresAt;
  }

  /** The session of a record, to be served here from now on. `undefined` where nothing can be built from it. */
  static restored(record: SessionRecord): LiveSession | undefined {
    const origin = originOf(record);
    if (!origin || origin.message === null) return undefined;
    const session = new LiveSession(
      record.id,
      sealPrincipal(origin.presented),
      record.createdAt,
      record.expiresAt,
    );
    session.principal = sealPrincipal(record.principal);
    session.lastSeenAt = record.lastSeenAt;
    session.writtenAt = record.lastSeenAt;
    session.origin = origin;
    session.canMove = true;
    return session;
  }

  /** Aborted when the session ends; made where it is asked for. */
  get signal(): AbortSignal {
    return this.end.signal;
  }

  get isBusy(): boolean {
    return this.isStarting || this.exchanges.size > 0 || this.calls > 0;
  }

  /** Whether `principal` still has every scope that the session began with. */
  covers({ scopes = [] }: Principal): boolean {
    return (this.presented.scopes ?? []).every((scope) => scopes.includes(scope));
  }

  /** Remembers what its caller proved; a few, since clients keep to one credential or refresh a token. */
  addProof(key: string | undefined): void {
    if (key === undefined || this.proofs.at(-1) === key) return;
    this.proofs = [...this.proofs.filter((other) => other !== key), key].slice(-MAX_PROOFS);
  }

  /** The principal that tools see for a request of `principal`. */
  principalFor(principal: Principal): Principal {
    // Nothing was added: there is nothing to merge.
    if (this.presented === this.principal) return principal;
    this.#merged ??= new WeakMap();
    const known = this.#merged.get(principal);
    if (known) return known;
    const merged = mergePrincipal(principal, this.presented, this.principal);
    this.#merged.set(principal, merged);
    return merged;
  }

  /** Tells everybody who works for it that it is over. */
  stop(reason: SessionEndReason): void {
    this.end.abort();
    for (const exchange of this.exchanges) exchange.end(refusalAfter(reason));
    this.exchanges.clear();
  }
}

/** What a client is told whose session ends while it waits for an answer. */
export function refusalAfter(reason: SessionEndReason): McpGuardErrorCode {
  if (reason === 'shutdown') return 'closing';
  return reason === 'inactive' ? 'invalid_credentials' : 'session_not_found';
}

/** Throws what its client is told where the session has ended. */
export function assertAlive(session: LiveSession): void {
  if (session.ending) throw new McpGuardError(refusalAfter(session.endReason));
}
