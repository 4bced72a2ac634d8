import { principalKey } from '../../lib/principal.js';
import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import type {
  Awaitable,
  OverdueSessions,
  PrincipalFilter,
  SessionEndReason,
  SessionLimits,
  SessionRecord,
  SessionStore,
} from '../../lib/types.js';

type Changes = Partial<SessionRecord>;
type Outcome = { readonly evicted: readonly string[] } | 'limit';
type Listener = (id: string, reason: SessionEndReason) => void;

/** What a store does otherwise than it should; each gets the honest store behind. */
export interface Faults {
  create?(store: MemorySessionStore, record: SessionRecord, limits: SessionLimits): Awaitable<unknown>;
  get?(store: MemorySessionStore, id: string): Awaitable<unknown>;
  update?(store: MemorySessionStore, id: string, changes: Changes): Awaitable<void>;
  delete?(store: MemorySessionStore, id: string, reason: SessionEndReason): Awaitable<unknown>;
  list?(store: MemorySessionStore, filter: PrincipalFilter): Awaitable<unknown>;
  onDeleted?(listener: Listener): unknown;
  overdue?(store: MemorySessionStore, which: OverdueSessions): Awaitable<unknown>;
  remaining?(store: MemorySessionStore, ids: readonly string[]): Awaitable<unknown>;
}

/** A store broken in one way, and a part of the title of a test that must find it out. */
export type Broken = readonly [what: string, faults: Faults | (() => Faults), title: string];

/** Whether a session is busy now, whoever serves it. */
export const isBusy = ({ busyUntil = 0 }: SessionRecord): boolean => busyUntil > Date.now();

/** What is over, those that were used longest ago first. */
export const overdue = (
  store: MemorySessionStore,
  { expiredAt, idleSince }: OverdueSessions,
): SessionRecord[] =>
  store
    .list({})
    .filter((record) => record.expiresAt <= expiredAt || (record.lastSeenAt <= idleSince && !isBusy(record)))
    .sort((a, b) => a.lastSeenAt - b.lastSeenAt);

export const remaining = (store: MemorySessionStore, ids: readonly string[]): string[] =>
  ids.filter((id) => (store.get(id)?.expiresAt ?? 0) > Date.now());

/** A store that waits before it answers, and is honest but for `faults`. */
export function faultyStore(
  faults: Faults,
  honest: MemorySessionStore = new MemorySessionStore(),
): SessionStore {
  return {
    create: async (record, limits) =>
      (await (faults.create
        ? faults.create(honest, record, limits)
        : honest.create(record, limits))) as Outcome,
    get: async (id) => (await (faults.get ? faults.get(honest, id) : honest.get(id))) as SessionRecord,
    update: async (id, changes) =>
      faults.update ? faults.update(honest, id, changes) : honest.update(id, changes),
    delete: async (id, reason) =>
      (await (faults.delete ? faults.delete(honest, id, reason) : honest.delete(id))) as boolean,
    list: async (filter) =>
      (await (faults.list ? faults.list(honest, filter) : honest.list(filter))) as SessionRecord[],
    overdue: async (which) => (await (faults.overdue ?? overdue)(honest, which)) as readonly SessionRecord[],
    remaining: async (ids) => (await (faults.remaining ?? remaining)(honest, ids)) as readonly string[],
    ...(faults.onDeleted && { onDeleted: faults.onDeleted as (listener: Listener) => () => void }),
  };
}

/** What a store does between looking and acting that is not atomic. */
export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const UNLIMITED: SessionLimits = {
  maxSessions: Number.MAX_SAFE_INTEGER,
  maxSessionsPerPrincipal: Number.MAX_SAFE_INTEGER,
  onLimit: 'refuse',
  busy: [],
};

/** Changes every record on its way in. */
export const keeping = (change: (record: SessionRecord) => unknown): Faults => ({
  create: (store, record, limits) => store.create(change(record) as SessionRecord, limits),
});

/** Changes every id wherever it is used. */
export const naming = (change: (id: string) => string): Faults => ({
  create: (store, record, limits) => store.create({ ...record, id: change(record.id) }, limits),
  get: (store, id) => store.get(change(id)),
  delete: (store, id) => store.delete(change(id)),
});

/** Lists what `matches` takes for a match. */
export const listing = (matches: (record: SessionRecord, filter: PrincipalFilter) => boolean): Faults => ({
  list: (store, filter) => store.list({}).filter((record) => matches(record, filter)),
});

type Choose = (mine: readonly SessionRecord[], busy: readonly string[]) => string | undefined;

export const idle = (mine: readonly SessionRecord[], busy: readonly string[]): readonly SessionRecord[] =>
  mine.filter((record) => !busy.includes(record.id) && !isBusy(record));

export const oldest = (mine: readonly SessionRecord[]): string | undefined =>
  [...mine].sort((a, b) => a.lastSeenAt - b.lastSeenAt)[0]?.id;

/** Takes those for one principal whose `keyOf` is the same, and evicts whom `choose` says. */
export const owning = (
  keyOf: (record: SessionRecord) => string = ({ principal }) => principalKey(principal),
  choose: Choose = (mine, busy) => oldest(idle(mine, busy)),
): Faults => ({
  create(store, record, limits) {
    if (store.list({}).length >= limits.maxSessions) return 'limit';
    const mine = store.list({}).filter((other) => keyOf(other) === keyOf(record));
    if (mine.length < limits.maxSessionsPerPrincipal) return store.create(record, UNLIMITED);
    const victim = limits.onLimit === 'refuse' ? undefined : choose(mine, limits.busy);
    if (victim === undefined) return 'limit';
    store.delete(victim);
    store.create(record, UNLIMITED);
    return { evicted: [victim] };
  },
});
