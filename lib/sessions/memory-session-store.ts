import { matchesFilter, principalKey } from '../principal.js';
import type {
  PrincipalFilter,
  SessionChanges,
  SessionEndReason,
  SessionLimits,
  SessionRecord,
  SessionStore,
} from '../types.js';

/** Keeps sessions in this process. Nothing in it waits, so every operation is atomic. */
export class MemorySessionStore implements SessionStore {
  readonly #records = new Map<string, SessionRecord>();
  readonly #owned = new Map<string, Set<string>>();

  create(record: SessionRecord, limits: SessionLimits): { readonly evicted: readonly string[] } | 'limit' {
    if (this.#records.size >= limits.maxSessions || this.#records.has(record.id)) return 'limit';
    const owned = this.#owned.get(principalKey(record.principal)) ?? new Set();
    const evicted: string[] = [];
    if (owned.size >= limits.maxSessionsPerPrincipal) {
      const victim = limits.onLimit === 'evict-idle' ? this.#oldestIdle(owned, limits.busy) : undefined;
      if (victim === undefined) return 'limit';
      this.delete(victim);
      evicted.push(victim);
    }
    this.#records.set(record.id, record);
    // The set may have been dropped with its last member: look it up anew.
    const owner = principalKey(record.principal);
    this.#owned.set(owner, (this.#owned.get(owner) ?? new Set()).add(record.id));
    return { evicted };
  }

  get(id: string): SessionRecord | undefined {
    return this.#records.get(id);
  }

  update(id: string, changes: SessionChanges): void {
    const record = this.#records.get(id);
    if (record) this.#records.set(id, { ...record, ...changes });
  }

  delete(id: string, _reason?: SessionEndReason): boolean {
    const record = this.#records.get(id);
    if (!record) return false;
    this.#records.delete(id);
    const owner = principalKey(record.principal);
    const owned = this.#owned.get(owner);
    owned?.delete(id);
    if (owned?.size === 0) this.#owned.delete(owner);
    return true;
  }

  list(filter: PrincipalFilter): readonly SessionRecord[] {
    return [...this.#records.values()].filter(({ principal }) => matchesFilter(principal, filter));
  }

  #oldestIdle(owned: ReadonlySet<string>, busy: readonly string[]): string | undefined {
    let oldest: SessionRecord | undefined;
    for (const id of owned) {
      const record = this.#records.get(id);
      if (!record || busy.includes(id) || (record.busyUntil ?? 0) > Date.now()) continue;
      if (!oldest || record.lastSeenAt < oldest.lastSeenAt) oldest = record;
    }
    return oldest?.id;
  }
}
