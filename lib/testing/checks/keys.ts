import assert from 'node:assert/strict';

import type { Principal } from '../../types.js';
import { assertKept, type Check, idsIn, keep, limitsOf, sessionOf } from '../sessions.js';

/** Names that a store might cut, expand, fold or look up where it should only compare. */
const names: readonly string[] = [
  ...['a', 'A', 'a ', ' a', 'a:b', 'a:b:c', 'a|b', 'a,b', 'a/b', 'a.b', 'a\nb', 'a\\b'],
  ...['*', '?', '%', '_', '[a]', '{a}', '{b}', '(a)', '$a', "'", '"', '`', '--', ';'],
  ...['__proto__', 'constructor', 'null', 'undefined', '0', '[null,null,"a"]', '\u00e9', 'e\u0301'],
];

/** Identities that are the same text once their parts are put together carelessly. */
const identities: readonly Principal[] = [
  { subject: 'a:b:c' },
  { subject: 'c', issuer: 'a:b' },
  { subject: 'c', issuer: 'a', tenant: 'b' },
  { subject: 'b:c', issuer: 'a' },
  { subject: 'b:c', tenant: 'a' },
  { subject: 'c', tenant: 'a:b' },
  { subject: 'c', issuer: '', tenant: 'a:b' },
  { subject: 'c', issuer: 'a:b', tenant: '' },
  { subject: 'c', issuer: 'null', tenant: 'null' },
  { subject: 'c', issuer: 'undefined', tenant: 'undefined' },
  { subject: 'c' },
];

const onlyOne = limitsOf({ maxSessionsPerPrincipal: 1 });

export const keyChecks: readonly Check[] = [
  [
    'ids with delimiters, wildcards and names of old stay distinct',
    async (store) => {
      const records = names.map((id, i) => sessionOf(id, { subject: `user ${i}` }));
      await keep(store, records);
      for (const record of records) await assertKept(store, record);
      for (const [i, { id }] of records.entries()) {
        assert.equal(await store.delete(id, 'deleted'), true);
        assert.equal((await idsIn(store)).length, records.length - i - 1);
      }
    },
  ],
  [
    'subjects with delimiters, wildcards and names of old stay distinct',
    async (store) => {
      await keep(
        store,
        names.map((subject, i) => sessionOf(`s-${i}`, { subject })),
        onlyOne,
      );
      for (const [i, subject] of names.entries()) {
        assert.deepEqual(
          (await store.list({ subject })).map(({ id }) => id),
          [`s-${i}`],
        );
      }
    },
  ],
  [
    'issuers and tenants with delimiters, wildcards and names of old stay distinct',
    async (store) => {
      const records = names.flatMap((name, i) => [
        sessionOf(`i-${i}`, { subject: 'ada', issuer: name }),
        sessionOf(`t-${i}`, { subject: 'ada', tenant: name }),
      ]);
      await keep(store, records, onlyOne);
      for (const [i, name] of names.entries()) {
        assert.deepEqual(
          (await store.list({ issuer: name })).map(({ id }) => id),
          [`i-${i}`],
        );
        assert.deepEqual(
          (await store.list({ tenant: name })).map(({ id }) => id),
          [`t-${i}`],
        );
      }
    },
  ],
  [
    'identities are their three parts, not these put together',
    async (store) => {
      await keep(
        store,
        identities.map((principal, i) => sessionOf(`s-${i}`, principal)),
        onlyOne,
      );
      for (const [i, principal] of identities.entries()) {
        assert.equal(await store.create(sessionOf(`again-${i}`, principal), onlyOne), 'limit');
      }
    },
  ],
  [
    'a subject and an id are two things, wherever a delimiter stands',
    async (store) => {
      const records = [sessionOf('c', { subject: 'a:b' }), sessionOf('b:c', { subject: 'a' })];
      await keep(store, records, onlyOne);
      for (const record of records) await assertKept(store, record);
      await store.delete('c', 'deleted');
      assert.deepEqual(await idsIn(store), ['b:c']);
      assert.deepEqual(await store.list({ subject: 'a:b' }), []);
    },
  ],
];
