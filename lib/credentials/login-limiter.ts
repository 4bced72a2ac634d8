import { McpGuardError } from '../errors.js';
import type { Attempt, AttemptLimiter, AttemptOutcome } from '../request-state.js';
import type { LoginBudget, LoginKeys, LoginReservation, LoginStore } from '../types.js';
import { digest } from './fingerprint.js';
import { type Place, WaitingLines } from './waiting-lines.js';

export type LoginKeyName = 'ip' | 'ip+account' | 'account';

export interface LoginLimiterOptions {
  readonly budget: LoginBudget;
  readonly keys: readonly LoginKeyName[];
  readonly store: LoginStore;
  readonly maxWaiting: number;
}

/**
 * Reserves points for attempts to prove a credential, and lets those wait that only attempts in flight hold up.
 * Failures refuse; attempts in flight never do.
 */
export class LoginLimiter implements AttemptLimiter {
  readonly windowMs: number;
  readonly #options: LoginLimiterOptions;
  readonly #lines: WaitingLines;
  #settled = 0;

  constructor(options: LoginLimiterOptions) {
    this.#options = options;
    this.windowMs = options.budget.durationSeconds * 1000;
    this.#lines = new WaitingLines(options.maxWaiting);
  }

  /**
   * Reserves one point of every key for `client` (an address key) and, where known, `account` (a folded name).
   * Throws `McpGuardError`: `too_many_attempts` when failures fill a key, `unavailable` when the store fails, too many
   * wait, or `signal` aborts.
   */
  async reserve(client: string, account: string | undefined, signal: AbortSignal): Promise<Attempt> {
    const keys = this.#keysOf(client, account);
    let place: Place | undefined;
    try {
      for (;;) {
        const settledBefore = this.#settled;
        const reservation = await this.#ask(keys);
        if (reservation.status === 'reserved') return this.#attempt(reservation);
        if (reservation.status === 'full') {
          throw new McpGuardError('too_many_attempts', { retryAfterSeconds: reservation.retryAfterSeconds });
        }
        // A reservation that ended while the store was answering may have made room: ask again before waiting.
        if (settledBefore === this.#settled && !signal.aborted) {
          place = await this.#wait(reservation.key, place, signal);
        }
        if (signal.aborted) throw new McpGuardError('unavailable');
      }
    } finally {
      if (place) this.#lines.leave(place);
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

  /** Keeps the place where it is in the line for `key` already. */
  async #wait(key: string, held: Place | undefined, signal: AbortSignal): Promise<Place> {
    if (held && held.key !== key) this.#lines.leave(held);
    const place = held?.key === key ? held : this.#lines.join(key, signal);
    if (!place) throw new McpGuardError('unavailable');
    await this.#lines.turn(place);
    return place;
  }

  #wake(keys: LoginKeys): void {
    this.#settled += 1;
    for (const key of Object.values(keys) as string[]) this.#lines.wake(key);
  }
}
