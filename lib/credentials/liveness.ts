import type { Awaitable, Principal } from '../types.js';
import { withinTime } from '../within-time.js';

export type IsActive = (principal: Principal) => Awaitable<boolean>;

/** Asks whether a proven principal is still enabled, and tells listeners when one is not. */
export class Liveness {
  readonly #owner: string;
  readonly #timeoutMs: number;
  readonly #isActive: IsActive | undefined;
  readonly #listeners = new Set<(principal: Principal) => void>();

  constructor(owner: string, timeoutMs: number, isActive: IsActive | undefined) {
    this.#owner = owner;
    this.#timeoutMs = timeoutMs;
    this.#isActive = isActive;
  }

  onInactive(listener: (principal: Principal) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The verifier's answer, within its time; waits only where the verifier does. Throws or rejects on an outage. */
  ask(principal: Principal): Awaitable<boolean> {
    if (!this.#isActive) return true;
    const answer = this.#isActive(principal);
    if (typeof answer === 'boolean') return this.#announce(principal, answer);
    return withinTime(() => answer, this.#timeoutMs).then((active) => this.#announce(principal, active));
  }

  #announce(principal: Principal, active: unknown): boolean {
    if (typeof active !== 'boolean') throw new TypeError(`${this.#owner}: isActive must answer a boolean`);
    if (!active) for (const listener of this.#listeners) listener(principal);
    return active;
  }
}
