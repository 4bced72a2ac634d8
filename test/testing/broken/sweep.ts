import type { MemorySessionStore } from '../../../lib/sessions/memory-session-store.js';
import type { OverdueSessions, SessionRecord } from '../../../lib/types.js';
import { type Broken, type Faults, isBusy, overdue, remaining } from '../faulty-store.js';

/** Tells of what `isOver` takes for over. */
const over = (isOver: (record: SessionRecord, which: OverdueSessions) => boolean): Faults => ({
  overdue: (store, which) => store.list({}).filter((record) => isOver(record, which)),
});

const isExpired = ({ expiresAt }: SessionRecord, { expiredAt }: OverdueSessions): boolean =>
  expiresAt <= expiredAt;
const isUnseen = ({ lastSeenAt }: SessionRecord, { idleSince }: OverdueSessions): boolean =>
  lastSeenAt <= idleSince;
const isIdle = (record: SessionRecord, which: OverdueSessions): boolean =>
  isUnseen(record, which) && !isBusy(record);

/** The sessions as they were created, for those that look at nothing later. */
const asCreated = (): Faults => {
  const created = new Map<string, SessionRecord>();
  return {
    create(store, record, limits) {
      created.set(record.id, record);
      return store.create(record, limits);
    },
    overdue: (store, which) =>
      [...created.values()].filter(
        (record) => store.get(record.id) && (isExpired(record, which) || isIdle(record, which)),
      ),
  };
};

const everything = (store: MemorySessionStore): SessionRecord[] => [...store.list({})];

export const sweeping: readonly Broken[] = [
  ['tells of all as overdue', { overdue: everything }, 'overdue: those whose expiresAt'],
  [
    'takes what expires at that moment for alive',
    over((record, which) => record.expiresAt < which.expiredAt || isIdle(record, which)),
    'overdue: those whose expiresAt',
  ],
  ['does not look at what was updated', asCreated, 'overdue: those last seen'],
  [
    'takes what was last seen at that moment for alive',
    over(
      (record, which) =>
        isExpired(record, which) || (record.lastSeenAt < which.idleSince && isIdle(record, which)),
    ),
    'overdue: those last seen',
  ],
  [
    'takes what is busy for idle',
    over((record, which) => isExpired(record, which) || isUnseen(record, which)),
    'one that is busy is not idle',
  ],
  [
    'takes what is busy for alive',
    over((record, which) => !isBusy(record) && (isExpired(record, which) || isIdle(record, which))),
    'one that is busy is not idle',
  ],
  [
    'takes what was busy for busy',
    over(
      (record, which) =>
        isExpired(record, which) || (record.busyUntil === undefined && isUnseen(record, which)),
    ),
    'one that is busy is not idle',
  ],
  [
    'tells twice of what has expired and is idle',
    {
      overdue: (store, which) => [
        ...everything(store).filter((record) => isExpired(record, which)),
        ...everything(store).filter((record) => isIdle(record, which)),
      ],
    },
    'overdue: whole records, each once',
  ],
  [
    'tells of the ids of what is overdue alone',
    {
      overdue: (store, which) => overdue(store, which).map(({ id }) => ({ id, principal: { subject: '' } })),
    },
    'overdue: whole records, each once',
  ],
  [
    'tells of any of what is overdue',
    { overdue: (store, which) => overdue(store, which).slice(-100) },
    'overdue: where it tells of some only',
  ],
  [
    'tells of one that is overdue',
    { overdue: (store, which) => overdue(store, which).slice(0, 1) },
    'some only',
  ],
  [
    'takes those for kept that are over',
    { remaining: (store, ids) => ids.filter((id) => store.get(id)) },
    'remaining: those of the ids',
  ],
  ['takes all for kept', { remaining: (_, ids) => ids }, 'remaining: those of the ids'],
  [
    'takes a prefix for an id',
    {
      remaining: (store, ids) =>
        ids.filter((id) => everything(store).some((record) => record.id.startsWith(id))),
    },
    'remaining: those of the ids',
  ],
  [
    'tells of all that are kept',
    { remaining: (store) => everything(store).map(({ id }) => id) },
    'remaining: those of the ids',
  ],
  [
    'forgets one that is kept',
    { remaining: (store, ids) => remaining(store, ids).slice(1) },
    'remaining: those of the ids',
  ],
];
