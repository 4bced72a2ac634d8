import type { ProofResult } from '../credentials/proof-result.js';
import type { Publish } from '../events.js';
import type { Denial } from '../http/denial.js';
import type { RequestState } from '../request-state.js';

export type Refusal = Extract<ProofResult, { kind: 'denied' }>;

/** A denial that no verifier was asked about: its code is its reason. */
export const refusalOf = ({ code, retryAfterSeconds }: Denial): Refusal => ({
  kind: 'denied',
  code,
  reason: code,
  retryAfterSeconds,
});

/** Publishes a refusal as what it is: too many failures, an outage, or a credential that proves nobody. */
export function tell(
  publish: Publish,
  { question }: RequestState,
  { code, reason, retryAfterSeconds = 1 }: Refusal,
): void {
  const client = question && { client: question.client };
  if (code === 'too_many_attempts') publish({ type: 'auth.throttled', retryAfterSeconds, ...client });
  else if (code === 'unavailable') publish({ type: 'auth.unavailable', reason, ...client });
  else publish({ type: 'auth.failed', reason, ...client });
}
