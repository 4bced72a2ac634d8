import { LIMITS } from './place.js';

const WINDOW_MS = LIMITS.windowSeconds * 1000;

/** The limiter as it is promised, where one attempt follows the other: counts of failures, and known sources. */
export class LimiterModel {
  readonly #failures = new Map<string, { count: number; until: number }>();
  readonly #known = new Set<string>();

  /** The keys that a failure would count on, or `full`. */
  reserve(client: string, account: string | undefined, now: number): readonly string[] | 'full' {
    const source = `${client} ${account}`;
    const keys =
      account === undefined ? [`ip ${client}`] : [`ip ${client}`, `both ${source}`, `account ${account}`];
    const isFull = (key: string): boolean => this.#count(key, now) >= LIMITS.points;
    // A known source is not held up by what others did to the account.
    const asked = keys.filter(
      (key) => !(key.startsWith('account') && this.#known.has(source) && isFull(key)),
    );
    return asked.some(isFull) ? 'full' : asked;
  }

  fail(keys: readonly string[], now: number): void {
    for (const key of keys) {
      const count = this.#count(key, now);
      const until = count === 0 ? now + WINDOW_MS : (this.#failures.get(key)?.until ?? 0);
      this.#failures.set(key, { count: count + 1, until });
    }
  }

  /** A proof clears the source’s own key, and no other. */
  prove(client: string, account: string | undefined): void {
    if (account === undefined) return;
    this.#known.add(`${client} ${account}`);
    this.#failures.delete(`both ${client} ${account}`);
  }

  /** A live session speaks for its client. */
  vouch(client: string, account: string | undefined, now: number): void {
    if (account !== undefined && this.#count(`both ${client} ${account}`, now) < LIMITS.points)
      this.prove(client, account);
  }

  #count(key: string, now: number): number {
    const { count = 0, until = 0 } = this.#failures.get(key) ?? {};
    return until > now ? count : 0;
  }
}
