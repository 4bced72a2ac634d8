import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import type { SessionEndReason, SessionRecord, SessionStore } from '../../lib/types.js';
import { isBusy, overdue, remaining, tick } from './faulty-store.js';

export interface Nodes {
  createStore(): SessionStore;
  peerOf(store: SessionStore): SessionStore;
}

type Listener = (id: string, reason: SessionEndReason) => void;

interface Cluster {
  readonly records: MemorySessionStore;
  readonly listeners: Set<Listener>;
}

/** How a node differs from an honest one. */
type Twist = (node: SessionStore, cluster: Cluster) => Partial<SessionStore>;

/** Two nodes over one set of records, the second of them with a twist. */
function nodesWith(twist: Twist = () => ({})): Nodes {
  const clusters = new WeakMap<SessionStore, Cluster>();
  const nodeOf = (cluster: Cluster): SessionStore => {
    const { records, listeners } = cluster;
    const tell = (id: string, reason: SessionEndReason): void => {
      for (const listener of listeners) listener(id, reason);
    };
    const node: SessionStore = {
      shared: true,
      async create(record, limits) {
        const before = records.list({});
        const outcome = records.create(record, limits);
        if (outcome === 'limit') return outcome;
        for (const id of outcome.evicted) tell(id, 'evicted');
        return { ...outcome, evictedRecords: before.filter(({ id }) => outcome.evicted.includes(id)) };
      },
      get: async (id) => records.get(id),
      update: async (id, changes) => records.update(id, changes),
      async delete(id, reason) {
        const isOurs = records.delete(id);
        if (isOurs) tell(id, reason);
        return isOurs;
      },
      list: async (filter) => records.list(filter),
      onDeleted(listener) {
        const own: Listener = (...news) => listener(...news);
        listeners.add(own);
        return () => listeners.delete(own);
      },
      overdue: async (which) => overdue(records, which),
      remaining: async (ids) => remaining(records, ids),
    };
    clusters.set(node, cluster);
    return node;
  };
  return {
    createStore: () => nodeOf({ records: new MemorySessionStore(), listeners: new Set() }),
    peerOf(store) {
      const cluster = clusters.get(store) as Cluster;
      const node = nodeOf(cluster);
      const twisted = Object.assign(node, twist({ ...node }, cluster));
      // The honest node is twisted alike where it is the one that tells.
      Object.assign(store, twist({ ...store }, cluster));
      return twisted;
    },
  };
}

export const honestNodes = (): Nodes => nodesWith();

/** Nodes that lack what they need not have. */
export function deafNodes(): Nodes {
  const { createStore, peerOf } = nodesWith();
  const deaf = new WeakMap<SessionStore, SessionStore>();
  const withoutEars = (store: SessionStore): SessionStore => {
    const { onDeleted: _, overdue: __, remaining: ___, ...rest } = store;
    deaf.set(rest, store);
    return rest;
  };
  return {
    createStore: () => withoutEars(createStore()),
    peerOf: (store) => withoutEars(peerOf(deaf.get(store) as SessionStore)),
  };
}

export const brokenNodes: readonly (readonly [what: string, nodes: () => Nodes, title: string])[] = [
  [
    'each keeps its own records',
    () => ({ ...nodesWith(), peerOf: () => ({ ...nodesWith().createStore() }) }),
    'what one keeps, changes and removes',
  ],
  ['none says that they share', () => nodesWith(() => ({ shared: false })), 'shared is true'],
  [
    'each looks at the limits, waits, and acts',
    () =>
      nodesWith((_, { records }) => ({
        async create(record, limits) {
          if (records.list(record.principal).length >= limits.maxSessionsPerPrincipal) return 'limit';
          await tick();
          return records.create(record, { ...limits, maxSessionsPerPrincipal: 1000 });
        },
      })),
    'never exceed the limits',
  ],
  [
    'each looks, waits, then deletes',
    () =>
      nodesWith((_, { records }) => ({
        async delete(id) {
          const isThere = records.get(id) !== undefined;
          await tick();
          records.delete(id);
          return isThere;
        },
      })),
    'delete is true for exactly one',
  ],
  [
    'none hears of evictions',
    () =>
      nodesWith((_, { records }) => ({ create: async (record, limits) => records.create(record, limits) })),
    'onDeleted tells',
  ],
  [
    'none hears of deletions',
    () => nodesWith((_, { records }) => ({ delete: async (id) => records.delete(id) })),
    'onDeleted tells',
  ],
  [
    'all hear another reason',
    () => nodesWith(({ delete: remove }) => ({ delete: (id) => remove(id, 'deleted') })),
    'onDeleted tells',
  ],
  [
    'all hear of what was not there',
    () =>
      nodesWith((_, { records, listeners }) => ({
        async delete(id, reason) {
          for (const listener of listeners) listener(id, reason);
          return records.delete(id);
        },
      })),
    'onDeleted tells',
  ],
  [
    'none stops telling',
    () =>
      nodesWith((_, { listeners }) => ({
        onDeleted(listener) {
          listeners.add(listener);
          return () => {};
        },
      })),
    'onDeleted tells',
  ],
  [
    'each answers what it evicted as it was created',
    () => {
      const created = new Map<string, SessionRecord>();
      return nodesWith(({ create }) => ({
        async create(record, limits) {
          created.set(record.id, record);
          const outcome = await create(record, limits);
          if (outcome === 'limit') return outcome;
          const evictedRecords = outcome.evicted.map((id) => created.get(id) as SessionRecord);
          return { ...outcome, evictedRecords };
        },
      }));
    },
    'it answers the record',
  ],
  [
    'each evicts what is busy on the other',
    () =>
      nodesWith((_, { records }) => ({
        async create(record, limits) {
          for (const other of records.list({})) if (isBusy(other)) records.update(other.id, { busyUntil: 0 });
          return records.create(record, limits);
        },
      })),
    'is not evicted by the other',
  ],
  [
    'each finds overdue what it created alone',
    () =>
      nodesWith(({ create }, { records }) => {
        const own = new Set<string>();
        return {
          create(record, limits) {
            own.add(record.id);
            return create(record, limits);
          },
          overdue: async (which) => overdue(records, which).filter(({ id }) => own.has(id)),
        };
      }),
    'the other finds overdue',
  ],
];
