import assert from 'node:assert/strict';

import { ada, at, type Check, keep, past, plain, series, sessionOf, soon } from '../sessions.js';

const NEVER = 0;
/** How many of many a store may leave for the next time it is asked. */
const SOME = 5;

/** Each does nothing where the store has no such member. */
export const sweepChecks: readonly Check[] = [
  [
    'overdue: those whose expiresAt is not later, as last updated, and no others',
    async (store) => {
      if (!store.overdue) return;
      await keep(
        store,
        [1000, 2000, 3000, 4000].map((ms) => ({ ...sessionOf(`s-${ms}`, ada, 9), expiresAt: at(ms) })),
      );
      await store.update('s-4000', { expiresAt: at(500) });
      const found = await store.overdue({ expiredAt: at(2000), idleSince: NEVER });
      assert.deepEqual(found.map(({ id }) => id).sort(), ['s-1000', 's-2000', 's-4000']);
      assert.deepEqual(await store.overdue({ expiredAt: at(499), idleSince: NEVER }), []);
    },
  ],
  [
    'overdue: those last seen no later, as last updated, and no others',
    async (store) => {
      if (!store.overdue) return;
      await keep(store, [
        sessionOf('a', ada, 1),
        sessionOf('b', ada, 2),
        sessionOf('c', ada, 3),
        sessionOf('d'),
      ]);
      await store.update('d', { lastSeenAt: at(9) });
      const found = await store.overdue({ expiredAt: NEVER, idleSince: at(2) });
      assert.deepEqual(found.map(({ id }) => id).sort(), ['a', 'b']);
    },
  ],
  [
    'overdue: one that is busy is not idle, but may have expired; one that was busy is idle',
    async (store) => {
      if (!store.overdue) return;
      await keep(store, [
        { ...sessionOf('busy'), busyUntil: soon() },
        { ...sessionOf('was'), busyUntil: past() },
        { ...sessionOf('both'), busyUntil: soon(), expiresAt: at(1000) },
        { ...sessionOf('later') },
      ]);
      await store.update('later', { busyUntil: soon() });
      const found = await store.overdue({ expiredAt: at(1000), idleSince: at(0) });
      assert.deepEqual(found.map(({ id }) => id).sort(), ['both', 'was']);
    },
  ],
  [
    'overdue: whole records, each once, and not those that were deleted',
    async (store) => {
      if (!store.overdue) return;
      const record = {
        ...sessionOf('a', { subject: 'ada', token: 'jwt' }),
        expiresAt: at(1000),
        initialize: [1],
      };
      await keep(store, [record, sessionOf('gone')]);
      await store.delete('gone', 'deleted');
      const found = await store.overdue({ expiredAt: at(1000), idleSince: at(0) });
      assert.deepEqual(found.map(plain), [plain(record)]);
    },
  ],
  [
    'overdue: where it tells of some only, it is of those that have been so longest',
    async (store) => {
      if (!store.overdue) return;
      const records = series(300, 's').reverse();
      await keep(store, records);
      const found = (await store.overdue({ expiredAt: NEVER, idleSince: at(300) })).map(({ id }) => id);
      assert.ok(found.length >= SOME, `only ${found.length} of ${records.length}`);
      const first = series(found.length, 's').map(({ id }) => id);
      assert.deepEqual([...found].sort(), first.sort());
    },
  ],
  [
    'remaining: those of the ids that are kept and not over, no others',
    async (store) => {
      if (!store.remaining) return;
      await keep(store, [...series(3, 's'), sessionOf('other')]);
      await store.delete('s-1', 'deleted');
      await store.update('other', { expiresAt: Date.now() - 1 });
      const kept = await store.remaining(['s-0', 's-1', 's-2', 'other', 'unknown', 's']);
      assert.deepEqual([...kept].sort(), ['s-0', 's-2']);
      assert.deepEqual(await store.remaining([]), []);
      assert.deepEqual(await store.remaining(['unknown']), []);
    },
  ],
];
