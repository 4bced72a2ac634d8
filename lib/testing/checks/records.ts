import assert from 'node:assert/strict';

import type { Principal, SessionRecord } from '../../types.js';
import { assertKept, at, type Check, idsIn, keep, limitsOf, plain, sessionOf } from '../sessions.js';

const everything: Principal = {
  subject: 'u-1',
  issuer: 'https://id.example.com/',
  tenant: 'acme',
  clientId: 'client',
  scopes: ['read', 'write'],
  expiresAt: 4_000_000_000.5,
  token: 'an.issued.token',
  claims: { name: 'Ada \u{1f600}\u2028', roles: ['admin', null], nested: { deep: [1, 2.5, true, {}] } },
};

const opaque: readonly unknown[] = [
  null,
  'text',
  0,
  false,
  [],
  {},
  [1, [2, { three: null }]],
  { message: { jsonrpc: '2.0', params: { 'a.b': '$c', __proto: '\n' } }, presented: { subject: 'u-1' } },
];

export const recordChecks: readonly Check[] = [
  [
    'create keeps the record, and get answers it, with every field of its principal',
    async (store) => {
      const record = { ...sessionOf('a', everything, 5), expiresAt: 4_000_000_000_123 };
      const outcome = await store.create(record, limitsOf());
      assert.ok(outcome !== 'limit', 'refused although the limits allow it');
      assert.deepEqual(outcome.evicted, []);
      await assertKept(store, record);
    },
  ],
  [
    'create keeps busyUntil, where it is given',
    async (store) => {
      const record = { ...sessionOf('a'), busyUntil: at(1234) };
      await keep(store, [record]);
      await assertKept(store, record);
    },
  ],
  [
    'what a principal does not have is absent, not null',
    async (store) => {
      const record = sessionOf('a', { subject: 'ada' });
      await keep(store, [record]);
      await assertKept(store, record);
    },
  ],
  [
    'empty lists and texts stay what they are',
    async (store) => {
      const record = sessionOf('a', { subject: 'ada', issuer: '', tenant: '', scopes: [], claims: {} });
      await keep(store, [record]);
      await assertKept(store, record);
    },
  ],
  [
    'initialize is opaque: any JSON comes back as it was',
    async (store) => {
      const records: SessionRecord[] = opaque.map((initialize, i) => ({
        ...sessionOf(`s-${i}`),
        initialize,
      }));
      await keep(store, records);
      for (const record of records) await assertKept(store, record);
    },
  ],
  [
    'get answers undefined for what is not there',
    async (store) => {
      assert.equal(await store.get('a'), undefined);
      await keep(store, [sessionOf('a')]);
      for (const id of ['b', 'aa', 'A']) assert.equal(await store.get(id), undefined);
    },
  ],
  [
    'one record is not another',
    async (store) => {
      const records = [sessionOf('a', { subject: 'ada' }, 1), sessionOf('b', { subject: 'eve' }, 2)];
      await keep(store, records);
      for (const record of records) await assertKept(store, record);
      assert.deepEqual(await idsIn(store), ['a', 'b']);
      assert.deepEqual((await store.list({ subject: 'eve' })).map(plain), [plain(records[1])]);
    },
  ],
];
