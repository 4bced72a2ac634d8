import {
  MemorySessionStore,
  type SessionEndReason,
  type SessionRecord,
  type SessionStore,
} from '../../lib/index.js';
import { matchesFilter } from '../../lib/principal.js';
import type { OverdueSessions, SessionChanges, SessionLimits } from '../../lib/types.js';

type Listener = (id: string, reason: SessionEndReason) => void;
type Method = 'create' | 'get' | 'update' | 'delete' | 'list' | 'overdue' | 'remaining';

/** One node's view of the records that all nodes share. */
export interface NodeStore extends SessionStore {
  /** How often each operation was asked for, by this node. */
  readonly count: Record<Method, number>;
  /** Every operation fails from here on, for this node. */
  isDown: boolean;
  /** This node is told nothing of what others end. */
  isDeaf: boolean;
}

export interface SharedRecords {
  readonly records: MemorySessionStore;
  node(options?: { readonly isPlain?: boolean }): NodeStore;
}

/** Records in memory that several nodes share, each with a store of its own, as over a network. */
export function sharedRecords(): SharedRecords {
  const records = new (class Records extends MemorySessionStore {})();
  const nodes = new Set<{ readonly store: NodeStore; readonly listeners: Set<Listener> }>();
  const tell = (from: NodeStore, id: string, reason: SessionEndReason): void => {
    for (const { store, listeners } of nodes) {
      if (store !== from && !store.isDeaf) for (const listener of listeners) listener(id, reason);
    }
  };

  /** `isPlain`: without what a shared store need not have. */
  function node({ isPlain = false } = {}): NodeStore {
    const count = { create: 0, get: 0, update: 0, delete: 0, list: 0, overdue: 0, remaining: 0 };
    const listeners = new Set<Listener>();
    const asked = async <T>(method: Method, answer: () => T): Promise<T> => {
      count[method] += 1;
      if (store.isDown) throw new Error('down');
      await new Promise((resolve) => setImmediate(resolve));
      return structuredClone(answer());
    };
    const store: NodeStore = {
      count,
      isDown: false,
      isDeaf: false,
      shared: true,
      create: (record: SessionRecord, limits: SessionLimits) =>
        asked('create', () => {
          const before = records.list({});
          const outcome = records.create(record, limits);
          if (outcome === 'limit') return outcome;
          for (const id of outcome.evicted) tell(store, id, 'evicted');
          const evictedRecords = before.filter(({ id }) => outcome.evicted.includes(id));
          return isPlain ? outcome : { ...outcome, evictedRecords };
        }),
      get: (id) => asked('get', () => records.get(id)),
      update: (id, changes: SessionChanges) => asked('update', () => records.update(id, changes)),
      delete: (id, reason) =>
        asked('delete', () => {
          const isRemoved = records.delete(id, reason);
          if (isRemoved) tell(store, id, reason);
          return isRemoved;
        }),
      list: (filter) =>
        asked('list', () => records.list({}).filter(({ principal }) => matchesFilter(principal, filter))),
      ...(!isPlain && {
        overdue: ({ expiredAt, idleSince }: OverdueSessions) =>
          asked('overdue', () =>
            records
              .list({})
              .filter(
                ({ expiresAt, lastSeenAt, busyUntil = 0 }) =>
                  expiresAt <= expiredAt || (lastSeenAt <= idleSince && busyUntil <= Date.now()),
              ),
          ),
        remaining: (ids: readonly string[]) =>
          asked('remaining', () => ids.filter((id) => (records.get(id)?.expiresAt ?? 0) > Date.now())),
      }),
      onDeleted(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    nodes.add({ store, listeners });
    return store;
  }

  return { records, node };
}
