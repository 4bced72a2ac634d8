import assert from 'node:assert/strict';

import type { SessionEndReason } from '../../types.js';
import { ada, assertKept, type Check, evicting, idsIn, keep, MANY, series, sessionOf } from '../sessions.js';

const reasons: readonly SessionEndReason[] = [
  'deleted',
  'idle',
  'expired',
  'revoked',
  'evicted',
  'inactive',
  'failed',
  'shutdown',
];

export const deletionChecks: readonly Check[] = [
  [
    'delete removes a record, whatever the reason, and no other',
    async (store) => {
      await keep(store, [sessionOf('other'), ...reasons.map((reason) => sessionOf(reason))]);
      for (const reason of reasons) {
        assert.equal(await store.delete(reason, reason), true);
        assert.equal(await store.get(reason), undefined);
      }
      assert.deepEqual(await idsIn(store), ['other']);
      await assertKept(store, sessionOf('other'));
    },
  ],
  [
    'delete is true for exactly one of many at once',
    async (store) => {
      await keep(store, [sessionOf('a')]);
      const answers = await Promise.all(Array.from({ length: MANY }, () => store.delete('a', 'deleted')));
      assert.equal(answers.filter((answer) => answer === true).length, 1);
      assert.equal(answers.filter((answer) => answer === false).length, MANY - 1);
    },
  ],
  [
    'delete is false where there is nothing, or nothing any more',
    async (store) => {
      assert.equal(await store.delete('a', 'deleted'), false);
      await keep(store, [sessionOf('a')]);
      assert.equal(await store.delete('b', 'deleted'), false);
      assert.equal(await store.delete('a', 'deleted'), true);
      assert.equal(await store.delete('a', 'revoked'), false);
    },
  ],
  [
    'an evicted session is removed by create alone: delete is false',
    async (store) => {
      await keep(store, [sessionOf('a', ada, 1)], evicting(1));
      assert.deepEqual(await keep(store, [sessionOf('b', ada, 2)], evicting(1)), ['a']);
      assert.equal(await store.delete('a', 'idle'), false);
    },
  ],
  [
    'where create would evict what is deleted at the same time, exactly one of them removes it',
    async (store) => {
      const [first = sessionOf('s'), ...rest] = series(MANY, 's');
      await keep(store, [first]);
      let current = first.id;
      for (const [i, record] of rest.entries()) {
        const early = i % 2 === 0 ? store.delete(current, 'deleted') : undefined;
        const creating = store.create(record, evicting(1));
        const [outcome, isDeleted] = await Promise.all([creating, early ?? store.delete(current, 'deleted')]);
        assert.ok(outcome !== 'limit');
        assert.deepEqual(outcome.evicted, isDeleted ? [] : [current]);
        current = record.id;
      }
      assert.deepEqual(await idsIn(store), [current]);
    },
  ],
  [
    'onDeleted, where there is one, answers the way to stop, which may be asked for twice',
    async (store) => {
      const heard: unknown[] = [];
      const stop = store.onDeleted?.((...news) => heard.push(news));
      if (store.onDeleted) {
        assert.equal(typeof stop, 'function');
        stop?.();
        stop?.();
      }
      await keep(store, [sessionOf('a')]);
      assert.equal(await store.delete('a', 'deleted'), true);
      assert.deepEqual(heard, []);
    },
  ],
];
