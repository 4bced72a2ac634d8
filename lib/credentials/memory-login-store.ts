import { randomUUID } from 'node:crypto';

import { LRUCache } from 'lru-cache';
import { RateLimiterMemory } from 'rate-limiter-flexible';

import type { LoginBudget, LoginKeys, LoginReservation, LoginStore } from '../types.js';
import { InFlight } from './in-flight.js';

type KeyKind = keyof LoginKeys;
type Reserved = LoginReservation & { readonly status: 'reserved' };

interface Count {
  readonly kind: KeyKind;
  readonly key: string;
  readonly failed: number;
  readonly retryAfterMs: number;
}

const isCounted = (count: Count | undefined): count is Count => count !== undefined;

const KINDS = ['ip', 'ipAccount', 'account'] as const satisfies readonly KeyKind[];
const KNOWN_SOURCE_MS = 30 * 24 * 3600 * 1000;

export interface MemoryLoginStoreOptions {
  /** Keys of one kind that are kept; beyond it the key that failed longest ago makes room. */
  readonly maxKeys?: number;
}

/**
 * Counts failed logins in this process. Two counters a key, failures and attempts in flight, so that attempts in
 * flight never look like failures. The limiter library answers later than it acts, so a decision is taken only on
 * counts that nothing has changed since they were read.
 */
export class MemoryLoginStore implements LoginStore {
  readonly #failures = new RateLimiterMemory({ points: 1, duration: 1, keyPrefix: '' });
  readonly #kept: Readonly<Record<KeyKind, LRUCache<string, true>>>;
  readonly #inFlight = new InFlight();
  #version = 0;
  readonly #open = new Set<string>();
  readonly #knownSources: LRUCache<string, number>;

  constructor({ maxKeys = 100_000 }: MemoryLoginStoreOptions = {}) {
    const keep = (): LRUCache<string, true> =>
      new LRUCache({ max: maxKeys, dispose: (_, key) => void this.#failures.delete(key) });
    this.#kept = { ip: keep(), ipAccount: keep(), account: keep() };
    this.#knownSources = new LRUCache({ max: maxKeys });
  }

  async reserve(keys: LoginKeys, budget: LoginBudget): Promise<LoginReservation> {
    for (;;) {
      const version = this.#version;
      const counts = await Promise.all(KINDS.map((kind) => this.#count(kind, keys[kind])));
      // From here to the end nothing waits; a failure counted meanwhile makes what was read stale.
      if (version === this.#version) return this.#decide(counts.filter(isCounted), keys, budget);
    }
  }

  async settle(
    { id, keys }: Reserved,
    outcome: 'failed' | 'proven' | 'released',
    budget: LoginBudget,
  ): Promise<void> {
    if (!this.#open.delete(id)) return;
    for (const kind of KINDS) {
      const key = keys[kind];
      if (key === undefined) continue;
      // The failure is written before the reservation goes, so that no one in between sees neither.
      if (outcome === 'failed') this.#fail(kind, key, budget);
      if (outcome === 'proven' && kind === 'ipAccount') this.#know(key);
      this.#inFlight.end(key);
    }
  }

  async #count(kind: KeyKind, key: string | undefined): Promise<Count | undefined> {
    if (key === undefined) return undefined;
    const failures = await this.#failures.get(key);
    const isRunning = failures !== null && failures.msBeforeNext > 0;
    return {
      kind,
      key,
      failed: isRunning ? failures.consumedPoints : 0,
      retryAfterMs: isRunning ? failures.msBeforeNext : 0,
    };
  }

  #decide(counts: readonly Count[], { ipAccount }: LoginKeys, { points }: LoginBudget): LoginReservation {
    const isBusy = ({ key, failed }: Count): boolean => failed + this.#inFlight.of(key) >= points;
    const isSpared = (count: Count): boolean =>
      count.kind === 'account' && this.#isKnown(ipAccount) && isBusy(count);
    const asked = counts.filter((count) => !isSpared(count));
    const full = asked.filter(({ failed }) => failed >= points);
    if (full.length > 0) {
      const waitMs = Math.max(...full.map(({ retryAfterMs }) => retryAfterMs));
      return { status: 'full', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
    }
    const busy = asked.find(isBusy);
    if (busy) return { status: 'busy', key: busy.key };
    for (const { key } of asked) this.#inFlight.begin(key);
    const id = randomUUID();
    this.#open.add(id);
    return { status: 'reserved', id, keys: Object.fromEntries(asked.map(({ kind, key }) => [kind, key])) };
  }

  #fail(kind: KeyKind, key: string, { durationSeconds }: LoginBudget): void {
    this.#version += 1;
    this.#kept[kind].set(key, true);
    void this.#failures.penalty(key, 1, { customDuration: durationSeconds });
  }

  #know(source: string): void {
    this.#version += 1;
    this.#knownSources.set(source, Date.now() + KNOWN_SOURCE_MS);
    void this.#failures.delete(source);
  }

  #isKnown(source: string | undefined): boolean {
    return source !== undefined && (this.#knownSources.get(source) ?? 0) > Date.now();
  }
}
