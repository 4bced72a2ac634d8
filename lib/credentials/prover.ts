import { LRUCache } from 'lru-cache';

import { isGuardError, type McpGuardErrorCode } from '../errors.js';
import type { GuardEventReason } from '../events.js';
import { hasExpired } from '../principal.js';
import type {
  Attempt,
  AttemptOutcome,
  DeferredRefusal,
  LoginQuestion,
  ProofKeeper,
} from '../request-state.js';
import type { Awaitable, Principal, PrincipalFilter } from '../types.js';
import { addClient, ProofCache, type ProofCacheOptions, type RememberedProof } from './proof-cache.js';
import { readAnswer, readThrown, type Verdict, withinTime } from './verdict.js';

/** One presented credential, and how to verify it. */
export interface ProofRequest {
  /** The credential's fingerprint. */
  readonly key: string;
  /** The folded account name, where the credential names one. */
  readonly account: string | undefined;
  readonly question: LoginQuestion | undefined;
  verify(signal: AbortSignal): Awaitable<unknown>;
  /** Tells when the client is gone. Returns the way to stop listening. */
  onGone(listener: () => void): () => void;
}

export type ProofResult =
  | {
      readonly kind: 'proven';
      readonly principal: Principal;
      /** Verified now, not remembered. */
      readonly isFresh: boolean;
      readonly deferred: DeferredRefusal | undefined;
    }
  | {
      readonly kind: 'denied';
      readonly code: McpGuardErrorCode;
      readonly reason: GuardEventReason;
      readonly retryAfterSeconds?: number | undefined;
    };

type Landing =
  | Verdict
  | { readonly kind: 'expired' }
  | { readonly kind: 'held'; readonly refusal: DeferredRefusal };

interface Flight {
  readonly controller: AbortController;
  readonly client: string | undefined;
  readonly landing: Promise<Landing>;
  waiting: number;
}

export interface ProverOptions {
  /** The guard's name, for warnings. */
  readonly owner: string;
  readonly proofCache: ProofCacheOptions | false;
  readonly timeoutMs: number;
  readonly maxConcurrent: number;
  readonly isActive: ((principal: Principal) => Awaitable<boolean>) | undefined;
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
  readonly #options: ProverOptions;
  readonly #cache: ProofCache | undefined;
  readonly #rejected = new LRUCache<string, number>({ max: MAX_REJECTED });
  readonly #flights = new Map<string, Flight>();
  readonly #admissions = new Map<string, Promise<DeferredRefusal | undefined>>();
  readonly #listeners = new Set<(principal: Principal) => void>();
  #running = 0;
  /** Grows with every `forget`: a verification that began before it must not be remembered after it. */
  #epoch = 0;

  constructor(options: ProverOptions) {
    this.#options = options;
    this.#cache = options.proofCache === false ? undefined : new ProofCache(options.proofCache);
  }

  prove(request: ProofRequest): Awaitable<ProofResult> {
    const { key, question } = request;
    const known = this.#cache?.get(key);
    if (known) {
      return question === undefined || known.clients.has(question.client)
        ? this.#alive(key, known.principal, false, undefined)
        : this.#admitted(request, known, false);
    }
    if (question && (this.#rejected.get(key) ?? 0) > Date.now())
      return denied('invalid_credentials', 'wrong');
    const flight = this.#flights.get(key);
    return this.#join(request, flight?.controller.signal.aborted === false ? flight : this.#start(request));
  }

  forget(filter: PrincipalFilter): void {
    this.#epoch += 1;
    this.#cache?.forget(filter);
  }

  onInactive(listener: (principal: Principal) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  recheck(principal: Principal): Awaitable<boolean> {
    const answer = this.#options.isActive?.(principal) ?? true;
    if (typeof answer === 'boolean') return this.#announce(principal, answer);
    return withinTime(() => answer, this.#options.timeoutMs).then((active) =>
      this.#announce(principal, active),
    );
  }

  #announce(principal: Principal, active: unknown): boolean {
    if (typeof active !== 'boolean')
      throw new TypeError(`${this.#options.owner}: isActive must answer a boolean`);
    if (!active) for (const listener of this.#listeners) listener(principal);
    return active;
  }

  /** The last question before a principal is let in, asked on every request. */
  #alive(
    key: string,
    principal: Principal,
    isFresh: boolean,
    deferred: DeferredRefusal | undefined,
  ): Awaitable<ProofResult> {
    const proven: ProofResult = { kind: 'proven', principal, isFresh, deferred };
    const conclude = (active: boolean): ProofResult => {
      if (active) return proven;
      this.#cache?.delete(key);
      return denied('invalid_credentials', 'inactive');
    };
    const failed = (): ProofResult => denied('unavailable', 'verifier_error');
    try {
      const active = this.recheck(principal);
      return typeof active === 'boolean' ? conclude(active) : Promise.resolve(active).then(conclude, failed);
    } catch {
      return failed();
    }
  }

  /**
   * A remembered proof presented from a client that has not proved it itself asks the limiter, or guesses against
   * a person who is logged in would be free. The refusal is deferred: a live session of the person's own lifts it.
   */
  async #admitted(request: ProofRequest, known: RememberedProof, isFresh: boolean): Promise<ProofResult> {
    const place = `${request.key} ${request.question?.client}`;
    const admission = this.#admissions.get(place) ?? this.#admit(request, known);
    this.#admissions.set(place, admission);
    const deferred = await admission.finally(() => this.#admissions.delete(place));
    return this.#alive(request.key, known.principal, isFresh, deferred);
  }

  async #admit(request: ProofRequest, known: RememberedProof): Promise<DeferredRefusal | undefined> {
    try {
      const attempt = await this.#reserve(request, new AbortController());
      await attempt?.settle('proven');
      if (request.question) addClient(known, request.question.client);
      return undefined;
    } catch (error) {
      return refusalOf(error);
    }
  }

  #start(request: ProofRequest): Flight {
    const controller = new AbortController();
    const landing = this.#fly(request, controller).finally(() => {
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
    switch (landing.kind) {
      case 'proven': {
        const { principal } = landing;
        if (request.question === undefined || request.question.client === flight.client) {
          return this.#alive(request.key, principal, true, undefined);
        }
        const known = this.#cache?.get(request.key) ?? { principal, clients: new Set(), diesAt: 0 };
        return this.#admitted(request, known, true);
      }
      case 'wrong':
        return denied('invalid_credentials', 'wrong');
      case 'expired':
        return denied('invalid_credentials', 'expired');
      case 'abstained':
        return denied('invalid_credentials', 'abstained');
      case 'refused':
        return denied(landing.code, landing.code);
      case 'held': {
        const { code, retryAfterSeconds } = landing.refusal;
        return denied(code, code === 'too_many_attempts' ? code : 'limiter_error', retryAfterSeconds);
      }
      case 'unavailable':
        return denied('unavailable', landing.reason);
    }
  }

  async #reserve(
    { question, account }: ProofRequest,
    controller: AbortController,
  ): Promise<Attempt | undefined> {
    if (question === undefined) return undefined;
    const reserving = question.limiter.reserve(question.client, account, controller.signal);
    try {
      return await withinTime(() => reserving, this.#options.timeoutMs, controller);
    } catch (error) {
      // Points that are reserved after all have nobody left to spend them.
      reserving.then((attempt) => attempt.settle('released')).catch(() => {});
      throw error;
    }
  }

  async #fly(request: ProofRequest, controller: AbortController): Promise<Landing> {
    let attempt: Attempt | undefined;
    try {
      attempt = await this.#reserve(request, controller);
    } catch (error) {
      return { kind: 'held', refusal: refusalOf(error) };
    }
    const landing = await this.#verify(request, controller);
    try {
      await attempt?.settle(outcomeOf(landing));
    } catch {
      return { kind: 'unavailable', reason: 'limiter_error' };
    }
    return landing;
  }

  async #verify(request: ProofRequest, controller: AbortController): Promise<Landing> {
    const { maxConcurrent, timeoutMs, owner } = this.#options;
    if (controller.signal.aborted || this.#running >= maxConcurrent) {
      return { kind: 'unavailable', reason: 'overloaded' };
    }
    this.#running += 1;
    const epoch = this.#epoch;
    let verdict: Verdict;
    try {
      const answer = await withinTime(() => request.verify(controller.signal), timeoutMs, controller);
      verdict = readAnswer(answer, owner);
    } catch (error) {
      verdict = readThrown(error);
    } finally {
      this.#running -= 1;
    }
    if (verdict.kind === 'wrong' && request.question) {
      this.#rejected.set(request.key, Date.now() + request.question.limiter.windowMs);
    }
    if (verdict.kind !== 'proven') return verdict;
    if (hasExpired(verdict.principal, Date.now())) return { kind: 'expired' };
    if (epoch === this.#epoch)
      this.#cache?.remember(request.key, verdict.principal, request.question?.client);
    return verdict;
  }
}

function refusalOf(error: unknown): DeferredRefusal {
  return isGuardError(error)
    ? { code: error.code, retryAfterSeconds: error.retryAfterSeconds }
    : { code: 'unavailable', retryAfterSeconds: undefined };
}

function outcomeOf({ kind }: Landing): AttemptOutcome {
  if (kind === 'proven') return 'proven';
  return kind === 'wrong' ? 'failed' : 'released';
}
