import { isGuardError } from '../errors.js';
import { hasExpired } from '../principal.js';
import type { Attempt, AttemptOutcome, LimiterRefusal, LoginQuestion } from '../request-state.js';
import type { Awaitable } from '../types.js';
import { withinTime } from '../within-time.js';
import { readAnswer, readThrown, type Verdict } from './verdict.js';

/** One presented credential, and how to verify it. */
export interface ProofRequest {
  /** The credential's fingerprint. */
  readonly key: string;
  /** The folded account name, where the credential names one. */
  readonly account: string | undefined;
  readonly question: LoginQuestion | undefined;
  /** The session that the request names, not looked up yet. */
  readonly sessionId?: string | undefined;
  verify(signal: AbortSignal): Awaitable<unknown>;
  /** Tells when the client is gone. Returns the way to stop listening. */
  onGone(listener: () => void): () => void;
}

/** What came of a verification: a verdict, or why there is none. */
export type Landing =
  | Verdict
  /** Genuine, but its time has passed. */
  | { readonly kind: 'expired' }
  /** The limiter held it back: no verifier ran. */
  | { readonly kind: 'held'; readonly refusal: LimiterRefusal };

export interface VerificationOptions {
  /** The guard's name, for warnings. */
  readonly owner: string;
  readonly timeoutMs: number;
  readonly maxConcurrent: number;
}

/** Runs verifiers: never without reserved points, never more than `maxConcurrent` at once, never beyond `timeoutMs`. */
export class Verification {
  readonly #options: VerificationOptions;
  #running = 0;

  constructor(options: VerificationOptions) {
    this.#options = options;
  }

  /** Reserves, verifies, settles. Never rejects. A client's leaving aborts `controller`; a verdict reached all the same counts. */
  async run(request: ProofRequest, controller: AbortController): Promise<Landing> {
    let attempt: Attempt | undefined;
    try {
      attempt = await this.#reserve(request, controller);
    } catch (error) {
      return { kind: 'held', refusal: refusalOf(error) };
    }
    const landing = await this.#verify(request, controller);
    try {
      await this.#settle(attempt, outcomeOf(landing));
    } catch {
      return { kind: 'unavailable', reason: 'limiter_error' };
    }
    return landing;
  }

  /** Asks the limiter as for a verification that proved the credential. Resolves to its refusal, if any. */
  async admit(request: ProofRequest): Promise<LimiterRefusal | undefined> {
    try {
      const attempt = await this.#reserve(request, new AbortController());
      await this.#settle(attempt, 'proven');
      return undefined;
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** Makes the client a known source of the account. Never rejects. */
  async vouch({ question, account }: ProofRequest): Promise<void> {
    const vouching = (): Promise<void> | undefined => question?.limiter.vouch(question.client, account);
    await withinTime(vouching, this.#options.timeoutMs).catch(() => {});
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

  #settle(attempt: Attempt | undefined, outcome: AttemptOutcome): Promise<void> {
    return withinTime(() => attempt?.settle(outcome), this.#options.timeoutMs);
  }

  async #verify(request: ProofRequest, controller: AbortController): Promise<Landing> {
    const { maxConcurrent } = this.#options;
    if (controller.signal.aborted || this.#running >= maxConcurrent) {
      return { kind: 'unavailable', reason: 'overloaded' };
    }
    this.#running += 1;
    return this.#judge(request, controller).finally(() => {
      this.#running -= 1;
    });
  }

  async #judge(request: ProofRequest, controller: AbortController): Promise<Landing> {
    const { timeoutMs, owner } = this.#options;
    try {
      const answer = await withinTime(() => request.verify(controller.signal), timeoutMs, controller);
      const verdict = readAnswer(answer, owner);
      const isLate = verdict.kind === 'proven' && hasExpired(verdict.principal, Date.now());
      return isLate ? { kind: 'expired' } : verdict;
    } catch (error) {
      return readThrown(error);
    }
  }
}

function refusalOf(error: unknown): LimiterRefusal {
  return isGuardError(error)
    ? { code: error.code, retryAfterSeconds: error.retryAfterSeconds }
    : { code: 'unavailable', retryAfterSeconds: undefined };
}

function outcomeOf({ kind }: Landing): AttemptOutcome {
  if (kind === 'proven') return 'proven';
  return kind === 'wrong' ? 'failed' : 'released';
}
