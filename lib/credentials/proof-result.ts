import type { McpGuardErrorCode } from '../errors.js';
import type { GuardEventReason } from '../events.js';
import type { LimiterRefusal } from '../request-state.js';
import type { Principal } from '../types.js';
import type { Landing } from './verification.js';

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

export const denied = (
  code: McpGuardErrorCode,
  reason: GuardEventReason,
  retryAfterSeconds?: number,
): ProofResult => ({
  kind: 'denied',
  code,
  reason,
  retryAfterSeconds,
});

/** What became of a verification that proved nobody. */
export function refusalFor(landing: Exclude<Landing, { kind: 'proven' }>): ProofResult {
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
