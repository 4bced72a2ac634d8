import type { ProofRequest } from '../../lib/credentials/verification.js';
import type { AttemptLimiter, LoginQuestion } from '../../lib/request-state.js';
import type { Awaitable, LoginBudget, LoginKeys, LoginReservation, LoginStore } from '../../lib/types.js';

export type Reserved = LoginReservation & { readonly status: 'reserved' };

/** Lets everything that is ready to run, and what follows from it, run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Reserves, and throws where the store does not. */
export async function reserved(store: LoginStore, keys: LoginKeys, budget: LoginBudget): Promise<Reserved> {
  const reservation = await store.reserve(keys, budget);
  if (reservation.status !== 'reserved') throw new Error(`not reserved but ${reservation.status}`);
  return reservation;
}

/** Counts `times` failures on `keys`. */
export async function fail(
  store: LoginStore,
  keys: LoginKeys,
  budget: LoginBudget,
  times: number,
): Promise<void> {
  for (let i = 0; i < times; i += 1)
    await store.settle(await reserved(store, keys, budget), 'failed', budget);
}

/** How many attempts would fit on `keys` now; leaves them as they were. */
export async function room(store: LoginStore, keys: LoginKeys, budget: LoginBudget): Promise<number> {
  const held: Reserved[] = [];
  try {
    for (;;) {
      const reservation = await store.reserve(keys, budget);
      if (reservation.status !== 'reserved' || held.length > 1000) break;
      held.push(reservation);
    }
    return held.length;
  } finally {
    // Also where the store fails in between: else what was reserved before would be held for a minute.
    for (const reservation of held) {
      try {
        await store.settle(reservation, 'released', budget);
      } catch {}
    }
  }
}

export interface Presentation {
  readonly request: ProofRequest;
  /** The client goes away. */
  leave(): void;
  /** Whether somebody still listens for that. */
  isWatched(): boolean;
}

/** One request that presents a credential. */
export function present(
  key: string,
  verify: (signal: AbortSignal) => Awaitable<unknown>,
  {
    account,
    question,
    sessionId,
  }: { account?: string; question?: LoginQuestion; sessionId?: string | undefined } = {},
): Presentation {
  const listeners = new Set<() => void>();
  return {
    request: {
      key,
      account,
      question,
      sessionId,
      verify,
      onGone(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    leave() {
      for (const listener of listeners) listener();
    },
    isWatched: () => listeners.size > 0,
  };
}

export interface RecordingLimiter extends AttemptLimiter {
  /** What was asked and how it ended, in order: `reserve client account`, then its outcome. */
  readonly log: string[];
}

/** A limiter that lets everybody pass, or answers as told, and records what it is asked. */
export function recordingLimiter(answer: () => Awaitable<void> = () => {}): RecordingLimiter {
  const log: string[] = [];
  return {
    log,
    windowMs: 60_000,
    async reserve(client, account) {
      log.push(`reserve ${client} ${account}`);
      await answer();
      return {
        async settle(outcome) {
          log.push(outcome);
        },
      };
    },
    async vouch(client, account) {
      log.push(`vouch ${client} ${account}`);
    },
  };
}
