import { isGuardError } from '../errors.js';
import type { GuardEventReason } from '../events.js';
import { isPrincipal, sealPrincipal } from '../principal.js';
import type { Principal } from '../types.js';
import { TimeUp } from '../within-time.js';

/** What came of a verification. */
export type Verdict =
  | { readonly kind: 'proven'; readonly principal: Principal }
  | { readonly kind: 'wrong' }
  /** Neither proven nor wrong: refused, not counted. */
  | { readonly kind: 'abstained' }
  | { readonly kind: 'refused'; readonly code: 'forbidden' | 'insufficient_scope' }
  | { readonly kind: 'unavailable'; readonly reason: GuardEventReason };

/** Reads what a verifier answered. Only `null` and `false` are a wrong credential, only a principal is a proof. */
export function readAnswer(answer: unknown, owner: string): Verdict {
  if (answer === null || answer === false) return { kind: 'wrong' };
  if (isPrincipal(answer)) return { kind: 'proven', principal: sealPrincipal(answer) };
  process.emitWarning(
    `${owner}: the verifier answered something that is neither a principal with a non-empty subject nor null; refused with 503`,
    { code: 'MCP_GUARD_VERIFIER_ANSWER' },
  );
  return { kind: 'unavailable', reason: 'verifier_answer' };
}

/** Reads what a verifier threw. Only a refusal by policy is told to the client as such. */
export function readThrown(thrown: unknown): Verdict {
  if (isGuardError(thrown) && (thrown.code === 'forbidden' || thrown.code === 'insufficient_scope')) {
    return { kind: 'refused', code: thrown.code };
  }
  if (isA(Abstained, thrown)) return { kind: 'abstained' };
  return { kind: 'unavailable', reason: isA(TimeUp, thrown) ? 'verifier_timeout' : 'verifier_error' };
}

/** `instanceof`, also of a proxy that throws when it is asked. */
function isA(kind: new () => Error, thrown: unknown): boolean {
  try {
    return thrown instanceof kind;
  } catch {
    return false;
  }
}

/** Thrown where a strategy gave no verdict on the credential (Passport's `pass` and `redirect`). */
export class Abstained extends Error {}
