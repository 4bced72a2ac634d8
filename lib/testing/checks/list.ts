import assert from 'node:assert/strict';

import type { Principal, PrincipalFilter } from '../../types.js';
import { type Check, keep, plain, sessionOf } from '../sessions.js';

const principals: Readonly<Record<string, Principal>> = {
  bare: { subject: 'ada' },
  issued: { subject: 'ada', issuer: 'i' },
  housed: { subject: 'ada', tenant: 't' },
  full: { subject: 'ada', issuer: 'i', tenant: 't' },
  moved: { subject: 'ada', issuer: 'j', tenant: 't' },
  other: { subject: 'eve', issuer: 'i', tenant: 't' },
};

const cases: readonly (readonly [filter: PrincipalFilter, ids: readonly string[]])[] = [
  [{}, ['bare', 'full', 'housed', 'issued', 'moved', 'other']],
  [{ subject: 'ada' }, ['bare', 'full', 'housed', 'issued', 'moved']],
  [{ issuer: 'i' }, ['full', 'issued', 'other']],
  [{ tenant: 't' }, ['full', 'housed', 'moved', 'other']],
  [{ subject: 'ada', issuer: 'i' }, ['full', 'issued']],
  [{ subject: 'ada', tenant: 't' }, ['full', 'housed', 'moved']],
  [{ issuer: 'i', tenant: 't' }, ['full', 'other']],
  [{ subject: 'ada', issuer: 'i', tenant: 't' }, ['full']],
  [{ subject: 'bob' }, []],
  [{ subject: 'ada', issuer: 'k' }, []],
  [{ subject: 'ad' }, []],
];

const all = Object.entries(principals).map(([id, principal]) => sessionOf(id, principal));

export const listChecks: readonly Check[] = [
  ...cases.map(
    ([filter, ids]): Check => [
      `list ${JSON.stringify(filter)}: what is left out matches any, what is named matches itself alone`,
      async (store) => {
        await keep(store, all);
        const found = await store.list(filter);
        assert.deepEqual(found.map(({ id }) => id).sort(), ids);
      },
    ],
  ),
  [
    'list answers whole records',
    async (store) => {
      const record = {
        ...sessionOf('a', { subject: 'ada', token: 'jwt', scopes: ['x'] }, 5),
        initialize: [1],
      };
      await keep(store, [record]);
      assert.deepEqual((await store.list({ subject: 'ada' })).map(plain), [plain(record)]);
    },
  ],
  [
    'list is empty where nothing is kept',
    async (store) => {
      assert.deepEqual(await store.list({}), []);
    },
  ],
];
