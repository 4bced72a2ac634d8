import { McpGuardError } from '../errors.js';
import type {
  Awaitable,
  OverdueSessions,
  PrincipalFilter,
  SessionChanges,
  SessionEndReason,
  SessionLimits,
  SessionRecord,
  SessionStore,
} from '../types.js';
import { isPending, withinTime } from '../within-time.js';

const TIMEOUT_MS = 5000;

type Created = Awaited<ReturnType<SessionStore['create']>>;
/** What was removed to make room. */
export type Eviction = Exclude<Created, 'limit'>;

/** The store with an end to all waiting: what it throws, and its silence, is `unavailable`. */
export class StoredSessions {
  readonly isShared: boolean;
  readonly #store: SessionStore;

  constructor(store: SessionStore) {
    this.#store = store;
    this.isShared = store.shared === true;
  }

  /**
   * At once where the store answers at once; then it throws at once, too. `onLate`: told of what was removed for a
   * session that its caller has given up.
   */
  create(record: SessionRecord, limits: SessionLimits, onLate: (late: Eviction) => void): Awaitable<Created> {
    const answer = atOnce(() => this.#store.create(record, limits));
    return isPending(answer) ? this.#keep(record, Promise.resolve(answer), onLate) : answer;
  }

  async #keep(
    record: SessionRecord,
    keeping: Promise<Created>,
    onLate: (late: Eviction) => void,
  ): Promise<Created> {
    try {
      return await this.#ask(() => keeping);
    } catch (error) {
      // A store that takes it after all must not keep it.
      keeping
        .then((late) => {
          if (late === 'limit') return undefined;
          onLate(late);
          return this.#store.delete(record.id, 'failed');
        })
        .catch(() => {});
      throw error;
    }
  }

  /** At once where the store knows at once; then it throws at once, too. */
  get(id: string): Awaitable<SessionRecord | undefined> {
    const answer = atOnce(() => this.#store.get(id));
    return isPending(answer) ? this.#ask(() => answer) : answer;
  }

  update(id: string, changes: SessionChanges): Promise<void> {
    return this.#ask(() => this.#store.update(id, changes));
  }

  delete(id: string, reason: SessionEndReason): Promise<boolean> {
    return this.#ask(() => this.#store.delete(id, reason));
  }

  list(filter: PrincipalFilter): Promise<readonly SessionRecord[]> {
    return this.#ask(() => this.#store.list(filter));
  }

  /** Some of the sessions that are over although nobody has ended them. */
  async overdue(which: OverdueSessions): Promise<readonly SessionRecord[]> {
    const overdue = this.#store.overdue?.bind(this.#store);
    if (overdue) return this.#ask(() => overdue(which));
    const { expiredAt, idleSince } = which;
    const isOver = ({ expiresAt, lastSeenAt, busyUntil = 0 }: SessionRecord): boolean =>
      expiresAt <= expiredAt || (lastSeenAt <= idleSince && busyUntil <= expiredAt);
    return (await this.list({})).filter(isOver);
  }

  /** Which of `ids` are kept, and not over. */
  async remaining(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const remaining = this.#store.remaining?.bind(this.#store);
    if (remaining) return new Set(await this.#ask(() => remaining(ids)));
    const records = await Promise.all(ids.map((id) => this.get(id)));
    return new Set(records.flatMap((record) => (record && record.expiresAt > Date.now() ? [record.id] : [])));
  }

  async #ask<T>(question: () => T | PromiseLike<T>): Promise<T> {
    try {
      const answer = question();
      return isPending(answer) ? await withinTime(() => answer, TIMEOUT_MS) : answer;
    } catch (cause) {
      throw new McpGuardError('unavailable', { cause });
    }
  }
}

function atOnce<T>(question: () => Awaitable<T>): Awaitable<T> {
  try {
    return question();
  } catch (cause) {
    throw new McpGuardError('unavailable', { cause });
  }
}
