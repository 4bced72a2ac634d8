import { LRUCache } from 'lru-cache';

import type { McpGuardErrorCode } from '../errors.js';
import type { GuardEventReason } from '../events.js';
import { matchesFilter, principalKey } from '../principal.js';
import type {
  LimiterRefusal,
  LoginQuestion,
  ProofKeeper,
  SessionHooks,
  SessionWitness,
} from '../request-state.js';
import type { Awaitable, Principal, PrincipalFilter } from '../types.js';
import { type IsActive, Liveness } from './liveness.js';
import { addClient, ProofCache, type ProofCacheOptions, type RememberedProof } from './proof-cache.js';
import { type Landing, type ProofRequest, Verification, type VerificationOptions } from './verification.js';

export type ProofResult =
  | {
      readonly kind: 'proven';
      readonly principal: Principal;
      /** Verified now, not remembered. */
      readonly isFresh: boolean;
      readonly deferred: LimiterRefusal | undefined;
    }
  | {
      readonly kind: 'denied';
      readonly code: McpGuardErrorCode;
      readonly reason: GuardEventReason;
      readonly retryAfterSeconds?: number | undefined;
    };

interface Flight {
  readonly controller: AbortController;
  readonly client: string | undefined;
  readonly landing: Promise<Landing>;
  waiting: number;
}

export interface ProverOptions extends VerificationOptions {
  readonly proofCache: ProofCacheOptions | false;
  readonly isActive: IsActive | undefined;
  readonly hooks?: SessionHooks | undefined;
}

const MAX_REJECTED = 10_000;

const denied = (
  code: McpGuardErrorCode,
  reason: GuardEventReason,
  retryAfterSeconds?: number,
): ProofResult => ({
  kind: 'denied',
  code,
  reason,
  retryAfterSeconds,
});

/**
 * The one path on which a credential is proven, whatever its scheme: remembered proof, single-flight, reservation,
 * bounded concurrency, timeout, verifier, settling, liveness.
 */
export class Prover implements ProofKeeper {
  readonly owner: string;
  readonly hooks: SessionHooks | undefined;
  readonly #cache: ProofCache | undefined;
  readonly #rejected = new LRUCache<string, number>({ max: MAX_REJECTED });
  readonly #flights = new Map<string, Flight>();
  /** For each verification under way, also one that was given up: whose proofs were to be forgotten meanwhile. */
  readonly #meanwhile = new Set<PrincipalFilter[]>();
  readonly #admissions = new Map<string, Promise<LimiterRefusal | undefined>>();
  readonly #verification: Verification;
  readonly #liveness: Liveness;
  readonly #sessions = new Set<(sessionId: string) => SessionWitness | undefined>();

  constructor(options: ProverOptions) {
    this.owner = options.owner;
    this.hooks = options.hooks;
    this.#verification = new Verification(options);
    this.#liveness = new Liveness(options.owner, options.timeoutMs, options.isActive);
    this.#cache = options.proofCache === false ? undefined : new ProofCache(options.proofCache);
  }

  prove(request: ProofRequest): Awaitable<ProofResult> {
    const { key, question } = request;
    const known = this.#cache?.get(key);
    if (known) {
      return question === undefined || known.clients.has(question.client)
        ? this.#alive(key, known.principal, false, undefined)
        : this.#admitted(request, question, known, false);
    }
    const isRejected = question !== undefined && (this.#rejected.get(key) ?? 0) > Date.now();
    if (isRejected) return denied('invalid_credentials', 'wrong');
    const flight = this.#flights.get(key);
    return this.#join(request, flight?.controller.signal.aborted === false ? flight : this.#start(request));
  }

  forget(filter: PrincipalFilter): void {
    for (const forgotten of this.#meanwhile) forgotten.push(filter);
    this.#cache?.forget(filter);
  }

  onInactive(listener: (principal: Principal) => void): () => void {
    return this.#liveness.onInactive(listener);
  }

  onHeld(find: (sessionId: string) => SessionWitness | undefined): () => void {
    this.#sessions.add(find);
    return () => {
      this.#sessions.delete(find);
    };
  }

  recheck(principal: Principal): Awaitable<boolean> {
    return this.#liveness.ask(principal);
  }

  /** The last question before a principal is let in, asked on every request. */
  #alive(
    key: string,
    principal: Principal,
    isFresh: boolean,
    deferred: LimiterRefusal | undefined,
  ): Awaitable<ProofResult> {
    const proven: ProofResult = { kind: 'proven', principal, isFresh, deferred };
    const conclude = (active: boolean): ProofResult => {
      if (active) return proven;
      this.#cache?.delete(key);
      return denied('invalid_credentials', 'inactive');
    };
    const failed = (): ProofResult => denied('unavailable', 'verifier_error');
    try {
      const active = this.#liveness.ask(principal);
      return typeof active === 'boolean' ? conclude(active) : Promise.resolve(active).then(conclude, failed);
    } catch {
      return failed();
    }
  }

  /**
   * A remembered proof presented from a client that has not proved it itself asks the limiter, or guesses against
   * a person who is logged in would be free. Where a live session of the person's own is named, the refusal is deferred
   * for it to be lifted. Everybody else gets it at once: not even time may tell a right guess from a wrong one.
   */
  async #admitted(
    request: ProofRequest,
    question: LoginQuestion,
    known: RememberedProof,
    isFresh: boolean,
  ): Promise<ProofResult> {
    const place = `${request.key} ${question.client}`;
    const admission = this.#admissions.get(place) ?? this.#admit(request, question, known);
    this.#admissions.set(place, admission);
    const deferred = await admission.finally(() => this.#admissions.delete(place));
    const owner = principalKey(known.principal);
    if (deferred && !this.#names(request, (session) => session.owner === owner)) {
      return refusalFor({ kind: 'held', refusal: deferred });
    }
    const result = await this.#alive(request.key, known.principal, isFresh, deferred);
    // What is wrong with a person beyond the limiter's refusal is not for a guesser to learn.
    return deferred && result.kind === 'denied' ? refusalFor({ kind: 'held', refusal: deferred }) : result;
  }

  async #admit(
    request: ProofRequest,
    question: LoginQuestion,
    known: RememberedProof,
  ): Promise<LimiterRefusal | undefined> {
    const refusal = await this.#verification.admit(request);
    if (!refusal) addClient(known, question.client);
    return (
      refusal && {
        ...refusal,
        lift: () => {
          addClient(known, question.client);
          void question.limiter.vouch(question.client, request.account);
        },
      }
    );
  }

  #start(request: ProofRequest): Flight {
    const controller = new AbortController();
    const forgotten: PrincipalFilter[] = [];
    this.#meanwhile.add(forgotten);
    const landing = this.#fly(request, controller, forgotten).finally(() => {
      this.#meanwhile.delete(forgotten);
      if (this.#flights.get(request.key) === flight) this.#flights.delete(request.key);
    });
    const flight: Flight = { controller, client: request.question?.client, landing, waiting: 0 };
    this.#flights.set(request.key, flight);
    return flight;
  }

  async #join(request: ProofRequest, flight: Flight): Promise<ProofResult> {
    flight.waiting += 1;
    const stopListening = request.onGone(() => {
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.controller.abort();
    });
    const landing = await flight.landing.finally(stopListening);
    // The refusal of one client is not that of another.
    if (landing.kind === 'held' && request.question?.client !== flight.client) return this.prove(request);
    if (landing.kind !== 'proven') return refusalFor(landing);
    const { principal } = landing;
    const { question } = request;
    if (question === undefined || question.client === flight.client) {
      return this.#alive(request.key, principal, true, undefined);
    }
    const known = this.#cache?.get(request.key) ?? { principal, clients: new Set(), diesAt: 0 };
    return this.#admitted(request, question, known, true);
  }

  /** Whether the request names a live session that `matches`. */
  #names({ sessionId }: ProofRequest, matches: (session: SessionWitness) => boolean): boolean {
    if (sessionId === undefined) return false;
    return [...this.#sessions].some((find) => {
      const session = find(sessionId);
      return session !== undefined && matches(session);
    });
  }

  async #fly(
    request: ProofRequest,
    controller: AbortController,
    forgotten: PrincipalFilter[],
  ): Promise<Landing> {
    const { key, question } = request;
    let landing = await this.#verification.run(request, controller);
    // Others have filled the account's key, but this very credential began a session that lives: its id, which no
    // guesser has, vouches for the client, and the client's own budget decides.
    if (landing.kind === 'held' && question && this.#names(request, ({ proofs }) => proofs.includes(key))) {
      await this.#verification.vouch(request);
      landing = await this.#verification.run(request, controller);
    }
    // What was verified before a revocation proves nothing after it, to none of those who wait.
    while (landing.kind === 'proven' && isAnyOf(landing.principal, forgotten)) {
      forgotten.length = 0;
      landing = await this.#verification.run(request, controller);
    }
    if (landing.kind === 'wrong' && question) this.#rejected.set(key, Date.now() + question.limiter.windowMs);
    if (landing.kind === 'proven') this.#cache?.remember(key, landing.principal, question?.client);
    return landing;
  }
}

function isAnyOf(principal: Principal, filters: readonly PrincipalFilter[]): boolean {
  return filters.some((filter) => matchesFilter(principal, filter));
}

function refusalFor(landing: Exclude<Landing, { kind: 'proven' }>): ProofResult {
  switch (landing.kind) {
    case 'wrong':
    case 'expired':
    case 'abstained':
      return denied('invalid_credentials', landing.kind);
    case 'refused':
      return denied(landing.code, landing.code);
    case 'unavailable':
      return denied('unavailable', landing.reason);
    case 'held': {
      const { code, retryAfterSeconds } = landing.refusal;
      return denied(code, code === 'too_many_attempts' ? code : 'limiter_error', retryAfterSeconds);
    }
  }
}
