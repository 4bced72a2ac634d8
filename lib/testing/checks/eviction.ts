import assert from 'node:assert/strict';

import { ada, at, type Check, evicting, idsIn, keep, past, series, sessionOf, soon } from '../sessions.js';

export const evictionChecks: readonly Check[] = [
  [
    'evict-idle removes the one that was used longest ago, as last updated',
    async (store) => {
      await keep(store, [sessionOf('a', ada, 3000), sessionOf('b', ada, 1000), sessionOf('c', ada, 2000)]);
      assert.deepEqual(await keep(store, [sessionOf('d', ada, 9000)], evicting(3)), ['b']);
      assert.equal(await store.get('b'), undefined);
      await store.update('c', { lastSeenAt: at(5000) });
      assert.deepEqual(await keep(store, [sessionOf('e', ada, 9000)], evicting(3)), ['a']);
      assert.deepEqual(await idsIn(store), ['c', 'd', 'e']);
    },
  ],
  [
    'evict-idle removes nothing while there is room',
    async (store) => {
      assert.deepEqual(await keep(store, series(3, 's'), evicting(3)), []);
    },
  ],
  [
    'evict-idle never removes a busy session',
    async (store) => {
      await keep(store, series(3, 's'));
      assert.deepEqual(await keep(store, [sessionOf('new', ada, 9)], evicting(3, ['s-0', 's-1', 'gone'])), [
        's-2',
      ]);
      assert.deepEqual(await idsIn(store), ['new', 's-0', 's-1']);
    },
  ],
  [
    'where all are busy it refuses, and removes nothing',
    async (store) => {
      await keep(store, series(3, 's'));
      assert.equal(await store.create(sessionOf('new'), evicting(3, ['s-2', 's-1', 's-0'])), 'limit');
      assert.deepEqual(await idsIn(store), ['s-0', 's-1', 's-2']);
    },
  ],
  [
    'evict-idle never removes one whose busyUntil is to come, as created or as last updated',
    async (store) => {
      await keep(store, [{ ...sessionOf('a', ada, 1), busyUntil: soon() }, sessionOf('b', ada, 2)]);
      await keep(store, [sessionOf('c', ada, 3)]);
      await store.update('b', { busyUntil: soon() });
      assert.deepEqual(await keep(store, [sessionOf('d', ada, 4)], evicting(3)), ['c']);
      assert.deepEqual(await idsIn(store), ['a', 'b', 'd']);
    },
  ],
  [
    'where all are busy until a time to come it refuses; one whose time has passed may go',
    async (store) => {
      const busy = series(3, 's').map((record) => ({ ...record, busyUntil: soon() }));
      await keep(store, busy);
      assert.equal(await store.create(sessionOf('new'), evicting(3)), 'limit');
      assert.deepEqual(await idsIn(store), ['s-0', 's-1', 's-2']);
      await store.update('s-1', { busyUntil: past() });
      assert.deepEqual(await keep(store, [sessionOf('new', ada, 9)], evicting(3)), ['s-1']);
    },
  ],
];
