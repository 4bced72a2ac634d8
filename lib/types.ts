import type { Request } from 'express';

/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * Who the caller is. Identity is (issuer, tenant, subject): never an e-mail, never token bytes,
 * so a refreshed token is the same person.
 */
export interface Principal {
  /** Stable identifier of the person within `issuer` and `tenant`. Never empty. */
  readonly subject: string;
  readonly issuer?: string;
  readonly tenant?: string;
  readonly clientId?: string;
  readonly scopes?: readonly string[];
  /** Seconds since the epoch. A principal whose time has passed is refused with 401. */
  readonly expiresAt?: number;
  /** What tools present upstream (an issued JWT); never a password. Readable, but hidden from `util.inspect` and JSON. */
  readonly token?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What the MCP SDK calls `AuthInfo`: how tools learn of the caller (`extra.authInfo`, `ctx.http.authInfo`). */
export interface AuthInfo {
  token: string;
  clientId: string;
  scopes: string[];
  /** Seconds since the epoch. */
  expiresAt?: number;
  resource?: URL;
  extra?: Record<string, unknown>;
}

/** Selects principals: what is left out matches any. */
export interface PrincipalFilter {
  readonly subject?: string;
  readonly issuer?: string;
  readonly tenant?: string;
}

export interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

export interface BearerCredentials {
  readonly token: string;
}

/** The headers taken from one request, by lower-case name; those that did not come are not there. Hidden from `util.inspect` and JSON. */
export type ForwardedHeaders = Readonly<Record<string, string>>;

/**
 * The headers that clients brought for the upstream, as `createServer` gets them: while a request of the session is
 * served, those of that request; elsewhere, those that the session began with. Shows none of them in `util.inspect` and JSON.
 * Over when the session (without a session binding: the one request) is.
 */
export interface ForwardedCredentials {
  /**
   * The global `fetch` with the headers added: they replace what `init.headers` says of them. Follows redirects within
   * `upstream` (`init.redirect` as usual). Rejects with a `TypeError`, before anything is sent there, for an origin that is not in
   * `upstream`, also where a redirect leads to it; and with what the global `fetch` rejects with. No error holds a header.
   */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** One header as the client sent it, for a client library of your own; `undefined` where it did not come or was not taken. */
  readonly get: (name: string) => string | undefined;
}

export interface VerifyContext {
  readonly request: Request;
  /** Aborted when the time for the verification is over, or when every client that waits for it is gone. */
  readonly signal: AbortSignal;
}

export interface SessionContext {
  readonly sessionId: string;
  /** What the client presented when the session began; hidden from `util.inspect` and JSON. */
  readonly credentials?: BasicCredentials | BearerCredentials | ForwardedHeaders;
  readonly request?: Request;
}

/** Why a session ended. */
export type SessionEndReason =
  | 'deleted'
  | 'idle'
  | 'expired'
  | 'revoked'
  | 'evicted'
  | 'inactive'
  | 'failed'
  | 'shutdown';

/** What the user supplies to prove a credential. A bare function is taken as `verify`. */
export interface CredentialVerifier<C> {
  /**
   * Required. Resolves to a principal (proven) or `null` (wrong credential, the only outcome that counts as a
   * failed login). Throw `McpGuardError('forbidden')` for a refusal by policy (403, not counted); anything else
   * thrown is an outage (503, not counted). Must have no side effects: it runs on any request, and its result is
   * cached. Anything else returned is a programming error, answered 503, never a success.
   */
  verify(credentials: C, context: VerifyContext): Awaitable<Principal | null>;
  /**
   * Recommended. Cheap liveness: still enabled, not revoked, tenant not suspended. Asked on every request and,
   * while a stream is open, every `recheckSeconds`. A throw is an outage (503).
   */
  isActive?(principal: Principal): Awaitable<boolean>;
  /**
   * Optional. The full login (audit, session row, issued JWT): once per MCP session, after the session exists.
   * May return an enriched principal of the same identity.
   */
  startSession?(principal: Principal, context: SessionContext): Awaitable<Principal | void>;
  /** Optional. Undoes `startSession`: called once when that MCP session ends, with the enriched principal. */
  endSession?(
    principal: Principal,
    context: SessionContext & { readonly reason: SessionEndReason },
  ): Awaitable<void>;
}

/** A verifier object, or its `verify` alone. */
export type VerifierOption<C> = CredentialVerifier<C> | CredentialVerifier<C>['verify'];

/** One session as a store keeps it. Plain data: it may be serialised (mind that `principal.token` is a secret). */
export interface SessionRecord {
  readonly id: string;
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch; the end of the last call. */
  readonly lastSeenAt: number;
  /** Milliseconds since the epoch; the absolute end. */
  readonly expiresAt: number;
  /** What a server needs to build the session again; opaque to the store, JSON-serialisable. */
  readonly initialize: unknown;
  /** Milliseconds since the epoch; until then some node has a running call or an open stream of it. Absent: none has. */
  readonly busyUntil?: number;
}

/** What of a record may change. */
export type SessionChanges = Partial<
  Pick<SessionRecord, 'principal' | 'lastSeenAt' | 'expiresAt' | 'initialize' | 'busyUntil'>
>;

/** Which sessions are over although nobody has ended them. */
export interface OverdueSessions {
  /** Milliseconds since the epoch: those whose `expiresAt` is not later. */
  readonly expiredAt: number;
  /** Milliseconds since the epoch: those last seen no later, unless they are busy. */
  readonly idleSince: number;
}

export interface SessionLimits {
  readonly maxSessions: number;
  readonly maxSessionsPerPrincipal: number;
  /** At the principal's limit: remove the principal's own session that was used longest ago, or refuse. */
  readonly onLimit: 'evict-idle' | 'refuse';
  /** Sessions of this principal that have a running call or an open stream here: never evicted, like those whose `busyUntil` is to come. */
  readonly busy: readonly string[];
}

/** Where sessions are kept. Every operation is atomic; a throw is an outage (503). */
export interface SessionStore {
  /**
   * Required. Keeps `record` if the limits allow it, atomically: two parallel creates never exceed them.
   * Answers the ids it removed to make room, or `'limit'`. At `maxSessions` it never evicts, and it never evicts a busy
   * session. A shared store adds the records it removed, so that their logins are undone.
   */
  create(
    record: SessionRecord,
    limits: SessionLimits,
  ): Awaitable<
    { readonly evicted: readonly string[]; readonly evictedRecords?: readonly SessionRecord[] } | 'limit'
  >;
  /** Required. The record, or `undefined`. */
  get(id: string): Awaitable<SessionRecord | undefined>;
  /** Required. Changes a kept record; does nothing where there is none. */
  update(id: string, changes: SessionChanges): Awaitable<void>;
  /** Required. `true` for exactly one caller, the one who removed it: that one calls `endSession`. */
  delete(id: string, reason: SessionEndReason): Awaitable<boolean>;
  /** Required. The records whose principal matches. */
  list(filter: PrincipalFilter): Awaitable<readonly SessionRecord[]>;
  /** Optional. Tells other nodes that a session ended; returns the way to stop listening. */
  onDeleted?(listener: (id: string, reason: SessionEndReason) => void): () => void;
  /** Optional. The records outlive this process: closing lets go of local sessions instead of ending them. */
  readonly shared?: boolean;
  /**
   * Optional; for a shared store recommended, else all records are listed. Some of the sessions that are over although
   * nobody has ended them: those that a node left behind when it died.
   */
  overdue?(which: OverdueSessions): Awaitable<readonly SessionRecord[]>;
  /** Optional; for a shared store recommended, else each is got. Which of `ids` are kept, and not over. */
  remaining?(ids: readonly string[]): Awaitable<readonly string[]>;
}

/** The budget of one limiter key. */
export interface LoginBudget {
  /** Failures within one window that fill a key. */
  readonly points: number;
  readonly durationSeconds: number;
}

/** The keys one attempt is counted on, each a hash. What is absent is not counted. */
export interface LoginKeys {
  readonly ip?: string;
  readonly ipAccount?: string;
  readonly account?: string;
}

/** `full`: failures alone fill a key. `busy`: failures and attempts in flight together do. */
export type LoginReservation =
  | { readonly status: 'reserved'; readonly keys: LoginKeys; readonly id: string }
  | { readonly status: 'full'; readonly retryAfterSeconds: number }
  | { readonly status: 'busy'; readonly key: string };

/** Where failed logins are counted. Every operation is atomic; a throw is an outage (503, not counted). */
export interface LoginStore {
  /**
   * Required. Reserves one point of every key, or of none. A source (`ipAccount`) that proved itself within the last
   * 30 days is not held up by `account`: it is reserved without that key.
   */
  reserve(keys: LoginKeys, budget: LoginBudget): Awaitable<LoginReservation>;
  /**
   * Required. Ends a reservation; a second call for the same one does nothing. `failed`: the points stay spent.
   * `proven`: they are given back, `ipAccount` is cleared and remembered as a known source. `released`: given back.
   */
  settle(
    reservation: LoginReservation & { readonly status: 'reserved' },
    outcome: 'failed' | 'proven' | 'released',
    budget: LoginBudget,
  ): Awaitable<void>;
}
