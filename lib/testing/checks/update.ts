import assert from 'node:assert/strict';

import type { SessionChanges } from '../../types.js';
import { ada, assertKept, at, type Check, idsIn, keep, limitsOf, MANY, sessionOf } from '../sessions.js';

const before = sessionOf('a', { subject: 'ada', token: 'old', scopes: ['read'] });

const changes: Required<SessionChanges> = {
  principal: { subject: 'ada', token: 'new', expiresAt: 4_000_000_000, claims: { role: 'admin' } },
  lastSeenAt: at(5000),
  expiresAt: at(7_200_000),
  initialize: { other: [null] },
  busyUntil: at(9000),
};

const each = Object.entries(changes).map(
  ([name, value]) => [name, { [name]: value } as SessionChanges] as const,
);

export const updateChecks: readonly Check[] = [
  ...each.map(
    ([name, change]): Check => [
      `update changes ${name} and nothing else`,
      async (store) => {
        await keep(store, [before, sessionOf('b')]);
        await store.update('a', change);
        await assertKept(store, { ...before, ...change });
        await assertKept(store, sessionOf('b'));
      },
    ],
  ),
  [
    'update changes several things at once, or none',
    async (store) => {
      await keep(store, [before]);
      await store.update('a', {});
      await assertKept(store, before);
      await store.update('a', changes);
      await assertKept(store, { ...before, ...changes });
    },
  ],
  [
    'update replaces a principal: what the new one does not have is gone',
    async (store) => {
      await keep(store, [before]);
      await store.update('a', { principal: { subject: 'ada' } });
      await assertKept(store, { ...before, principal: { subject: 'ada' } });
    },
  ],
  [
    'updates of different things at once are all kept',
    async (store) => {
      await keep(store, [before]);
      await Promise.all(each.map(([, change]) => store.update('a', change)));
      await assertKept(store, { ...before, ...changes });
    },
  ],
  [
    'update does nothing where there is no record',
    async (store) => {
      await store.update('a', changes);
      assert.equal(await store.get('a'), undefined);
      assert.deepEqual(await idsIn(store), []);
    },
  ],
  [
    'update does not bring back what was deleted, not even at the same time',
    async (store) => {
      for (let i = 0; i < MANY; i += 1) {
        await keep(store, [sessionOf('a')]);
        const updating = [store.update('a', { lastSeenAt: at(1) }), store.update('a', changes)];
        const deleting = store.delete('a', 'deleted');
        await Promise.all([...updating, deleting, store.update('a', { lastSeenAt: at(2) })]);
        assert.equal(await store.get('a'), undefined);
        assert.deepEqual(await idsIn(store), []);
      }
    },
  ],
  [
    'a session whose principal was updated still counts as its own',
    async (store) => {
      const limits = limitsOf({ maxSessionsPerPrincipal: 1 });
      await keep(store, [before], limits);
      await store.update('a', { principal: { ...ada, token: 'new', claims: { a: 1 } } });
      assert.equal(await store.create(sessionOf('b'), limits), 'limit');
      await store.delete('a', 'deleted');
      await keep(store, [sessionOf('b')], limits);
    },
  ],
];
