import { inspect } from 'node:util';

import type { Request } from 'express';

import type { McpGuardErrorCode } from './errors.js';
import { type Authorization, readAuthorization } from './http/authorization.js';
import type { Challenge } from './http/denial.js';
import type {
  Awaitable,
  BasicCredentials,
  BearerCredentials,
  CredentialVerifier,
  ForwardedCredentials,
  ForwardedHeaders,
  Principal,
  PrincipalFilter,
} from './types.js';

/** How one attempt to prove a credential went, for the limiter. */
export type AttemptOutcome = 'failed' | 'proven' | 'released';

/** Points reserved for one attempt; settled exactly once. */
export interface Attempt {
  settle(outcome: AttemptOutcome): Promise<void>;
}

/** The limiter as the guards after it ask it. */
export interface AttemptLimiter {
  readonly windowMs: number;
  /** Reserves points, or throws a `McpGuardError` (`too_many_attempts`, `unavailable`). */
  reserve(client: string, account: string | undefined, signal: AbortSignal): Promise<Attempt>;
  /** Makes `client` a known source of `account` without an attempt. Never rejects. */
  vouch(client: string, account: string | undefined): Promise<void>;
}

export interface LoginQuestion {
  readonly limiter: AttemptLimiter;
  readonly client: string;
}

/** Whom a live session serves, as far as it vouches for a client. */
export interface SessionWitness {
  /** The identity it is bound to. */
  readonly owner: string;
  /** Fingerprints of the credentials it was proven with. */
  readonly proofs: readonly string[];
}

/** A guard that proves credentials, as the session binding knows it. */
export interface ProofKeeper {
  /** The guard's name. */
  readonly owner?: string;
  readonly hooks?: SessionHooks | undefined;
  forget(filter: PrincipalFilter): void;
  /** Tells when a principal has turned out to be inactive. Returns the way to stop listening. */
  onInactive(listener: (principal: Principal) => void): () => void;
  /** Learns to look up live sessions. Returns the way to stop asking. */
  onHeld(find: (sessionId: string) => SessionWitness | undefined): () => void;
  /** The verifier's `isActive` under the guard's timeout; announces `false` to the listeners. */
  recheck?(principal: Principal): Awaitable<boolean>;
}

/** The verifier's part in a session's life. */
export type SessionHooks = Pick<CredentialVerifier<never>, 'startSession' | 'endSession'>;

export type HookCredentials = BasicCredentials | BearerCredentials | ForwardedHeaders;

export interface Proof {
  /** The credential's fingerprint. */
  readonly key?: string;
  readonly keeper?: ProofKeeper;
  readonly hooks?: SessionHooks | undefined;
  /** What `startSession` gets of them. */
  readonly credentials?: (() => HookCredentials) | undefined;
}

/** What the limiter answered about a credential that is proven all the same. */
export interface LimiterRefusal {
  readonly code: McpGuardErrorCode;
  readonly retryAfterSeconds: number | undefined;
  /** To be called where the refusal is lifted: the client then counts as one that has proved the credential. */
  readonly lift?: () => void;
}

/** A refusal that stands unless the request proves to belong to a live session of its caller. */
export interface DeferredRefusal extends LimiterRefusal {
  /** The caller, who is nobody to anyone else while the refusal stands. */
  readonly principal: Principal;
  /** Lets the caller pass after all. */
  readonly lift: () => void;
}

/** What guards leave for each other on one request. Silent where it is shown: whoever logs a request logs none of this. */
export class RequestState {
  principal: Principal | undefined = undefined;
  proof: Proof | undefined = undefined;
  /** What is presented upstream as this request's token when the principal carries none. */
  presentedToken: string | undefined = undefined;
  resource: URL | undefined = undefined;
  /** What this request brought for the upstream. */
  forwarded: ForwardedCredentials | undefined = undefined;
  deferred: DeferredRefusal | undefined = undefined;
  question: LoginQuestion | undefined = undefined;
  authorization: Authorization | undefined = undefined;
  readonly challenges: Challenge[] = [];
  readonly keepers: ProofKeeper[] = [];
  /** Lower-case names of headers that tools must not see, beyond the fixed ones. */
  readonly hiddenHeaders: string[] = [];
  /** The session binding's hand to the handler; absent where none is mounted. */
  sessions: unknown = undefined;

  toJSON(): undefined {}
}
Object.defineProperty(RequestState.prototype, inspect.custom, { value: () => '[guards]' });

const STATE = Symbol.for('express-mcp-guards.state');

/** The state of one request, made on first use. Two copies of this package share it, so they fail closed together. */
export function requestState(request: Request): RequestState {
  const holder = request as Request & { [STATE]?: RequestState };
  const known = holder[STATE];
  if (known) return known;
  const state = new RequestState();
  Object.defineProperty(request, STATE, { value: state });
  return state;
}

/** The proven caller of this request, or `undefined` before an authentication guard has let it pass. */
export function getPrincipal(request: Request): Principal | undefined {
  return (request as Request & { [STATE]?: RequestState })[STATE]?.principal;
}

/** The request's `Authorization`, read once. */
export function authorizationOf(request: Request, state: RequestState): Authorization {
  state.authorization ??= readAuthorization(request.rawHeaders);
  return state.authorization;
}
