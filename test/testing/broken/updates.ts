import type { SessionChanges, SessionRecord } from '../../../lib/types.js';
import { type Broken, owning, tick, UNLIMITED } from '../faulty-store.js';

const FIELDS = ['principal', 'lastSeenAt', 'expiresAt', 'initialize', 'busyUntil'] as const;

export const updating: readonly Broken[] = [
  ...FIELDS.map(
    (field): Broken => [
      `does not update ${field}`,
      {
        update(store, id, { [field]: _, ...rest }) {
          store.update(id, rest as SessionChanges);
        },
      },
      `update changes ${field} and nothing else`,
    ],
  ),
  [
    'touches lastSeenAt on every update',
    { update: (store, id, changes) => store.update(id, { lastSeenAt: 1, ...changes }) },
    'update changes principal and nothing else',
  ],
  [
    'updates every record',
    {
      update(store, _id, changes) {
        for (const { id } of store.list({})) store.update(id, changes);
      },
    },
    'update changes expiresAt and nothing else',
  ],
  [
    'updates one thing only',
    {
      update(store, id, changes) {
        store.update(id, Object.fromEntries(Object.entries(changes).slice(0, 1)));
      },
    },
    'update changes several things at once',
  ],
  [
    'merges a principal into the old one',
    {
      update(store, id, changes) {
        const principal = { ...store.get(id)?.principal, ...changes.principal } as SessionRecord['principal'];
        store.update(id, changes.principal ? { ...changes, principal } : changes);
      },
    },
    'update replaces a principal',
  ],
  [
    'reads, waits, and writes the whole record',
    {
      async update(store, id, changes) {
        const record = store.get(id);
        await tick();
        store.update(id, { ...record, ...changes });
      },
    },
    'updates of different things at once',
  ],
  [
    'creates what it should update',
    {
      update(store, id, changes) {
        const ghost = {
          createdAt: 0,
          lastSeenAt: 0,
          expiresAt: 0,
          initialize: null,
          principal: { subject: 'x' },
        };
        if (store.get(id)) store.update(id, changes);
        else store.create({ id, ...ghost, ...changes }, UNLIMITED);
      },
    },
    'update does nothing where there is no record',
  ],
  [
    'brings back what was deleted meanwhile',
    {
      async update(store, id, changes) {
        const record = store.get(id);
        store.update(id, changes);
        await tick();
        if (record && !store.get(id)) store.create({ ...record, ...changes }, UNLIMITED);
      },
    },
    'update does not bring back what was deleted',
  ],
  [
    'takes an updated principal for another',
    owning(({ principal }) => JSON.stringify(principal)),
    'still counts as its own',
  ],
];
