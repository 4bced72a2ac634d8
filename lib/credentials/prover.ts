import { LRUCache } from 'lru-cache';

import { principalKey } from '../principal.js';
import type {
  LimiterRefusal,
  LoginQuestion,
  ProofKeeper,
  SessionHooks,
  SessionWitness,
} from '../request-state.js';
import type { Awaitable, Principal, PrincipalFilter } from '../types.js';
import { Admissions } from './admissions.js';
import { type Flight, Flights, isAnyOf, landingFor } from './flights.js';
import { type IsActive, Liveness } from './liveness.js';
import { ProofCache, type ProofCacheOptions, type RememberedProof } from './proof-cache.js';
import { denied, type ProofResult, refusalFor } from './proof-result.js';
import { type Landing, type ProofRequest, Verification, type VerificationOptions } from './verification.js';
import { Witnesses } from './witnesses.js';

export interface ProverOptions extends VerificationOptions {
  readonly proofCache: ProofCacheOptions | false;
  readonly isActive: IsActive | undefined;
  readonly hooks?: SessionHooks | undefined;
}

const MAX_REJECTED = 10_000;

/**
 * The one path on which a credential is proven, whatever its scheme: remembered proof, single-flight, reservation,
 * bounded concurrency, timeout, verifier, settling, liveness.
 */
export class Prover implements ProofKeeper {
  readonly owner: string;
  readonly hooks: SessionHooks | undefined;
  readonly #cache: ProofCache | undefined;
  readonly #rejected = new LRUCache<string, number>({ max: MAX_REJECTED });
  readonly #flights = new Flights((request, ...flight) => this.#fly(request, ...flight));
  readonly #admissions: Admissions;
  readonly #verification: Verification;
  readonly #liveness: Liveness;
  readonly #sessions = new Witnesses();

  constructor(options: ProverOptions) {
    this.owner = options.owner;
    this.hooks = options.hooks;
    this.#verification = new Verification(options);
    this.#admissions = new Admissions(this.#verification);
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
    return this.#join(request, this.#flights.of(request));
  }

  forget(filter: PrincipalFilter): void {
    this.#flights.forget(filter);
    this.#cache?.forget(filter);
  }

  onInactive(listener: (principal: Principal) => void): () => void {
    return this.#liveness.onInactive(listener);
  }

  onHeld(find: (sessionId: string) => SessionWitness | undefined): () => void {
    return this.#sessions.add(find);
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
    const deferred = await this.#admissions.ask(request, question, known);
    const owner = principalKey(known.principal);
    if (deferred && !this.#sessions.some(request.sessionId, (session) => session.owner === owner)) {
      return refusalFor({ kind: 'held', refusal: deferred });
    }
    const result = await this.#alive(request.key, known.principal, isFresh, deferred);
    // What is wrong with a person beyond the limiter's refusal is not for a guesser to learn.
    return deferred && result.kind === 'denied' ? refusalFor({ kind: 'held', refusal: deferred }) : result;
  }

  async #join(request: ProofRequest, flight: Flight): Promise<ProofResult> {
    const landing = await landingFor(request, flight);
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

  async #fly(
    request: ProofRequest,
    controller: AbortController,
    forgotten: PrincipalFilter[],
  ): Promise<Landing> {
    const { key, question } = request;
    let landing = await this.#verification.run(request, controller);
    // Others have filled the account's key, but this very credential began a session that lives: its id, which no
    // guesser has, vouches for the client, and the client's own budget decides.
    if (
      landing.kind === 'held' &&
      question &&
      this.#sessions.some(request.sessionId, ({ proofs }) => proofs.includes(key))
    ) {
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
