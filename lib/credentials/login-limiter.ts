import { McpGuardError } from '../errors.js';
import type { Attempt, AttemptLimiter, AttemptOutcome } from '../request-state.js';
import type { LoginBudget, LoginKeys, LoginReservation, LoginStore } from '../types.js';
import { digest } from './fingerprint.js';

export type LoginKeyName = 'ip' | 'ip+account' | 'account';

export interface LoginLimiterOptions {
  readonly budget: LoginBudget;
  readonly keys: readonly LoginKeyName[];
  readonly store: LoginStore;
  readonly maxWaiting: number;
}

/** Attempts of another node that end are heard of by asking again. */
const ASK_AGAIN_MS = 100;

/**
 * Reserves points for attempts to prove a credential, and lets those wait that only attempts in flight hold up.
 * Failures refuse; attempts in flight never do.
 */
export class LoginLimiter implements AttemptLimiter {
  readonly windowMs: number;
  readonly #options: LoginLimiterOptions;
  readonly #waiting = new Map<string, Set<() => void>>();
  #settled = 0;

  constructor(options: LoginLimiterOptions) {
    this.#options = options;
    this.windowMs = options.budget.durationSeconds * 1000;
  }

  /**
   * Reserves one point of every key for `client` (an address key) and, where known, `account` (a folded name).
   * Throws `McpGuardError`: `too_many_attempts` when failures fill a key, `unavailable` when the store fails, too many
   * wait, or `signal` aborts.
   */
  async reserve(client: string, account: string | undefined, signal: AbortSignal): Promise<Attempt> {
    const keys = this.#keysOf(client, account);
    for (;;) {
      const settledBefore = this.#settled;
      const reservation = await this.#ask(keys);
      if (reservation.status === 'reserved') return this.#attempt(reservation);
      if (reservation.status === 'full') {
        throw new McpGuardError('too_many_attempts', { retryAfterSeconds: reservation.retryAfterSeconds });
      }
      // A reservation that ended while the store was answering may have made room: ask again before waiting.
      if (settledBefore === this.#settled) await this.#wait(reservation.key, signal);
      if (signal.aborted) throw new McpGuardError('unavailable');
    }
  }

  async vouch(client: string, account: string | undefined): Promise<void> {
    const { ipAccount } = this.#keysOf(client, account);
    if (ipAccount === undefined) return;
    const { store, budget } = this.#options;
    try {
      const reservation = await store.reserve({ ipAccount }, budget);
      if (reservation.status === 'reserved') await store.settle(reservation, 'proven', budget);
    } catch {
      // The source stays unknown, which only costs it its own budget.
    }
  }

  #keysOf(client: string, account: string | undefined): LoginKeys {
    const { keys } = this.#options;
    return {
      ...(keys.includes('ip') && { ip: digest('ip', client) }),
      ...(account !== undefined &&
        keys.includes('ip+account') && { ipAccount: digest('ip+account', client, account) }),
      ...(account !== undefined && keys.includes('account') && { account: digest('account', account) }),
    };
  }

  async #ask(keys: LoginKeys): Promise<LoginReservation> {
    try {
      return await this.#options.store.reserve(keys, this.#options.budget);
    } catch (cause) {
      throw new McpGuardError('unavailable', { cause });
    }
  }

  #attempt(reservation: LoginReservation & { status: 'reserved' }): Attempt {
    return {
      settle: async (outcome: AttemptOutcome) => {
        try {
          await this.#options.store.settle(reservation, outcome, this.#options.budget);
        } finally {
          this.#wake(reservation.keys);
        }
      },
    };
  }

  async #wait(key: string, signal: AbortSignal): Promise<void> {
    const queue = this.#waiting.get(key) ?? new Set();
    if (signal.aborted || queue.size >= this.#options.maxWaiting) throw new McpGuardError('unavailable');
    this.#waiting.set(key, queue);
    let wake = (): void => {};
    const turn = new Promise<void>((resolve) => {
      wake = resolve;
    });
    queue.add(wake);
    signal.addEventListener('abort', wake);
    const timer = setTimeout(wake, ASK_AGAIN_MS);
    try {
      await turn;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      queue.delete(wake);
      if (queue.size === 0 && this.#waiting.get(key) === queue) this.#waiting.delete(key);
    }
  }

  #wake(keys: LoginKeys): void {
    this.#settled += 1;
    for (const key of Object.values(keys) as string[]) {
      const queue = this.#waiting.get(key);
      this.#waiting.delete(key);
      for (const wake of queue ?? []) wake();
    }
  }
}
