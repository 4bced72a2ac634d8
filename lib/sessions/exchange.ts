import type { McpGuardErrorCode } from '../errors.js';
import type { ProofKeeper } from '../request-state.js';
import type { Principal } from '../types.js';

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

  /** Ends the answer; `code` is what a client is told that has had none of it yet. May be called more than once. */
  end(code: McpGuardErrorCode): void {
    this.#end(code);
  }
}
