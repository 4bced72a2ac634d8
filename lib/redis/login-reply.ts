import type { LoginKeys, LoginReservation } from '../types.js';
import { isTexts, nonsense } from './reply.js';

const isKind = (kind: string | undefined): kind is keyof LoginKeys =>
  kind === 'ip' || kind === 'ipAccount' || kind === 'account';

/** Reads what Redis answered to a reservation of `keys`. Throws for anything that it cannot have meant. */
export function readReservation(reply: unknown, id: string, keys: LoginKeys): LoginReservation {
  const [status, ...rest] = isTexts(reply) ? reply : [];
  const [first = ''] = rest;
  if (status === 'reserved') {
    const taken = takenOf(rest, keys);
    if (taken) return { status, id, keys: taken };
  }
  if (status === 'full' && /^\d+$/.test(first)) {
    return { status, retryAfterSeconds: Math.max(1, Math.ceil(Number(first) / 1000)) };
  }
  if (status === 'busy' && isKind(first)) {
    const key = keys[first];
    if (key !== undefined) return { status, key };
  }
  throw nonsense();
}

/** The keys of `kinds`; `undefined` unless they are all that were asked for, or all but a spared account. */
function takenOf(kinds: readonly string[], keys: LoginKeys): LoginKeys | undefined {
  const isAsked = (kind: string): kind is keyof LoginKeys => isKind(kind) && keys[kind] !== undefined;
  if (!kinds.every(isAsked)) return undefined;
  const taken: LoginKeys = Object.fromEntries(kinds.map((kind) => [kind, keys[kind]]));
  const isTaken = (kind: keyof LoginKeys): boolean => taken[kind] === keys[kind];
  const maySpare = keys.ipAccount !== undefined;
  return isTaken('ip') && isTaken('ipAccount') && (isTaken('account') || maySpare) ? taken : undefined;
}
