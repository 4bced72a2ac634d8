import type { McpGuardErrorCode } from '../errors.js';
import type { ProofKeeper } from '../request-state.js';
import type { Principal, SessionEndReason } from '../types.js';

/** What an answer is ended with, and why that is. */
const REASONS: Readonly<Partial<Record<McpGuardErrorCode, SessionEndReason>>> = {
  invalid_credentials: 'expired',
  session_not_found: 'revoked',
  closing: 'shutdown',
};

/**
 * One request while it is being answered, which may be long: a stream lives as long as its client listens.
 * It ends with its session, with its principal's time, and when its principal is found inactive.
 */
export class Exchange {
  readonly principal: Principal;
  readonly keeper: ProofKeeper | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  nextRecheckAt: number;
  /** Rechecks in a row that failed to answer. */
  failedRechecks = 0;
  isRechecking = false;
  /** It has been answered, or its client has gone. */
  isOver = false;
  /** Stops the work for it, where there is more to stop than its answer. */
  onEnd: (() => void) | undefined;
  /** What `end` was first called with. */
  endedWith: McpGuardErrorCode | undefined;
  readonly #end: (code: McpGuardErrorCode) => void;

  constructor(
    principal: Principal,
    keeper: ProofKeeper | undefined,
    nextRecheckAt: number,
    end: (code: McpGuardErrorCode) => void,
  ) {
    this.principal = principal;
    this.keeper = keeper;
    this.expiresAt = (principal.expiresAt ?? Number.POSITIVE_INFINITY) * 1000;
    this.nextRecheckAt = nextRecheckAt;
    this.#end = end;
  }

  /** Why a session is over that lives as long as this answer does. */
  get endReason(): SessionEndReason {
    return this.endedWith === undefined ? 'deleted' : (REASONS[this.endedWith] ?? 'failed');
  }

  /** Ends the answer; `code` is what a client is told that has had none of it yet. May be called more than once. */
  end(code: McpGuardErrorCode): void {
    if (this.endedWith !== undefined) return;
    this.endedWith = code;
    this.#end(code);
    this.onEnd?.();
  }
}
