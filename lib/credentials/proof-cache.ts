import { LRUCache } from 'lru-cache';

import { hasExpired, matchesFilter } from '../principal.js';
import type { Principal, PrincipalFilter } from '../types.js';

/** A credential that was proven: whose it is, and which clients proved it. */
export interface RememberedProof {
  readonly principal: Principal;
  readonly clients: Set<string>;
  readonly diesAt: number;
}

/** A roaming person has a few addresses; a list without bound would be an attacker's to fill. */
const MAX_CLIENTS = 32;

export interface ProofCacheOptions {
  readonly ttlSeconds: number;
  readonly max: number;
}

/** Proven credentials by fingerprint: bounded, each for `ttlSeconds` and never beyond the principal's own time. */
export class ProofCache {
  readonly #entries: LRUCache<string, RememberedProof>;
  readonly #ttlMs: number;
  readonly #now: () => number;

  constructor({ ttlSeconds, max }: ProofCacheOptions, now: () => number = Date.now) {
    this.#entries = new LRUCache({ max });
    this.#ttlMs = ttlSeconds * 1000;
    this.#now = now;
  }

  get(key: string): RememberedProof | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.#now();
    if (now < entry.diesAt && !hasExpired(entry.principal, now)) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  remember(key: string, principal: Principal, client: string | undefined): void {
    const now = this.#now();
    if (hasExpired(principal, now)) return;
    const clients = new Set(client === undefined ? [] : [client]);
    this.#entries.set(key, { principal, clients, diesAt: now + this.#ttlMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  forget(filter: PrincipalFilter): void {
    for (const [key, { principal }] of this.#entries.entries()) {
      if (matchesFilter(principal, filter)) this.#entries.delete(key);
    }
  }
}

/** Adds a client that has just proved the credential too; the one that proved it longest ago makes room. */
export function addClient({ clients }: RememberedProof, client: string): void {
  clients.delete(client);
  const [oldest] = clients;
  if (clients.size >= MAX_CLIENTS && oldest !== undefined) clients.delete(oldest);
  clients.add(client);
}
