import assert from 'node:assert/strict';

import type { Principal } from '../../types.js';
import {
  ada,
  assertKept,
  type Check,
  evicting,
  idsIn,
  keep,
  limitsOf,
  MANY,
  series,
  sessionOf,
} from '../sessions.js';

/** Each differs from `{ subject: 'ada' }` in one thing only. */
const others: readonly Principal[] = [
  { subject: 'eve' },
  { subject: 'ada', issuer: 'https://id.example.com/' },
  { subject: 'ada', tenant: 'acme' },
];

export const limitChecks: readonly Check[] = [
  [
    'many creates at once never exceed maxSessions',
    async (store) => {
      const records = Array.from({ length: MANY }, (_, i) => sessionOf(`s-${i}`, { subject: `user ${i}` }));
      const limits = limitsOf({ maxSessions: 7 });
      const outcomes = await Promise.all(records.map((record) => store.create(record, limits)));
      assert.equal(outcomes.filter((outcome) => outcome !== 'limit').length, 7);
      assert.equal((await idsIn(store)).length, 7);
    },
  ],
  [
    'many creates at once never exceed maxSessionsPerPrincipal, where it refuses',
    async (store) => {
      const limits = limitsOf({ maxSessionsPerPrincipal: 3 });
      const outcomes = await Promise.all(series(MANY, 's').map((record) => store.create(record, limits)));
      assert.equal(outcomes.filter((outcome) => outcome !== 'limit').length, 3);
      assert.equal((await idsIn(store)).length, 3);
    },
  ],
  [
    'many creates at once never exceed maxSessionsPerPrincipal, where it evicts, and each eviction is told once',
    async (store) => {
      const evicted = (
        await Promise.all(
          series(MANY, 's').map(async (record) => {
            const outcome = await store.create(record, evicting(3));
            assert.ok(outcome !== 'limit', 'refused although an idle session could go');
            return outcome.evicted;
          }),
        )
      ).flat();
      const left = await idsIn(store);
      assert.equal(left.length, 3);
      assert.deepEqual(
        [...left, ...evicted].sort(),
        series(MANY, 's')
          .map(({ id }) => id)
          .sort(),
      );
    },
  ],
  [
    'what create refuses is not kept',
    async (store) => {
      const limits = limitsOf({ maxSessionsPerPrincipal: 1 });
      await keep(store, [sessionOf('a')], limits);
      assert.equal(await store.create(sessionOf('b'), limits), 'limit');
      assert.equal(await store.get('b'), undefined);
      assert.deepEqual(await idsIn(store), ['a']);
    },
  ],
  [
    'a deleted session leaves its place to another',
    async (store) => {
      const limits = limitsOf({ maxSessions: 2, maxSessionsPerPrincipal: 1 });
      await keep(store, [sessionOf('a'), sessionOf('b', { subject: 'eve' })], limits);
      assert.equal(await store.create(sessionOf('c', { subject: 'bob' }), limits), 'limit');
      await store.delete('a', 'deleted');
      await keep(store, [sessionOf('d')], limits);
    },
  ],
  [
    "nobody's sessions count for another principal, or go for one",
    async (store) => {
      for (const [i, principal] of others.entries()) await keep(store, series(2, `other-${i}`, principal));
      assert.deepEqual(await keep(store, series(3, 's'), evicting(2)), ['s-0']);
      for (const [i, principal] of others.entries()) {
        for (const record of series(2, `other-${i}`, principal)) await assertKept(store, record);
      }
    },
  ],
  [
    'at maxSessions it never evicts',
    async (store) => {
      await keep(store, series(3, 's'));
      const limits = { ...evicting(1), maxSessions: 3 };
      for (const principal of [ada, ...others]) {
        assert.equal(await store.create(sessionOf('new', principal), limits), 'limit');
      }
      assert.deepEqual(await idsIn(store), ['s-0', 's-1', 's-2']);
    },
  ],
];
