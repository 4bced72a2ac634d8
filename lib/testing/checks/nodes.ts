import assert from 'node:assert/strict';

import type { SessionEndReason, SessionStore } from '../../types.js';
import { ada, assertKept, at, idsIn, keep, limitsOf, MANY, series, sessionOf } from '../sessions.js';

/** One thing that two stores over the same records must do. */
type NodeCheck = readonly [title: string, check: (here: SessionStore, there: SessionStore) => Promise<void>];

type Heard = readonly [id: string, reason: SessionEndReason];

const PATIENCE_MS = 2000;

/** Waits until `heard` holds something about `id`. */
async function hears(heard: readonly Heard[], id: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!heard.some(([heardId]) => heardId === id)) {
    assert.ok(Date.now() < deadline, `onDeleted did not tell of ${id} within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const nodeChecks: readonly NodeCheck[] = [
  [
    'nodes: what one keeps, changes and removes, the other finds so',
    async (here, there) => {
      await keep(here, [sessionOf('a')]);
      await assertKept(there, sessionOf('a'));
      await there.update('a', { lastSeenAt: at(9) });
      await assertKept(here, sessionOf('a', ada, 9));
      assert.equal(await there.delete('a', 'deleted'), true);
      assert.equal(await here.get('a'), undefined);
      assert.equal(await here.delete('a', 'deleted'), false);
    },
  ],
  [
    'nodes: records that others find outlive a node, so shared is true',
    async (here, there) => {
      assert.equal(here.shared, true);
      assert.equal(there.shared, true);
    },
  ],
  [
    'nodes: many creates at once on both never exceed the limits',
    async (here, there) => {
      const limits = limitsOf({ maxSessionsPerPrincipal: 3 });
      const outcomes = await Promise.all(
        series(MANY, 's').map((record, i) => (i % 2 === 0 ? here : there).create(record, limits)),
      );
      assert.equal(outcomes.filter((outcome) => outcome !== 'limit').length, 3);
      assert.deepEqual(await idsIn(here), await idsIn(there));
    },
  ],
  [
    'nodes: delete is true for exactly one of many at once on both',
    async (here, there) => {
      await keep(here, [sessionOf('a')]);
      const answers = await Promise.all(
        Array.from({ length: MANY }, (_, i) => (i % 2 === 0 ? here : there).delete('a', 'deleted')),
      );
      assert.equal(answers.filter(Boolean).length, 1);
    },
  ],
  [
    'nodes: onDeleted tells of deletions and evictions elsewhere, with the reason, until told to stop',
    async (here, there) => {
      const heard: Heard[] = [];
      const late: Heard[] = [];
      const stop = there.onDeleted?.((id, reason) => heard.push([id, reason]));
      const stopLate = there.onDeleted?.((id, reason) => late.push([id, reason]));
      if (!stop || !stopLate) return;
      const limits = limitsOf({ maxSessionsPerPrincipal: 2, onLimit: 'evict-idle' });
      await keep(here, [...series(3, 's'), sessionOf('b', { subject: 'eve' })], limits);
      await hears(heard, 's-0');
      await hears(late, 's-0');
      stopLate();
      stopLate();
      assert.equal(await here.delete('nothing', 'deleted'), false);
      assert.equal(await here.delete('b', 'revoked'), true);
      await hears(heard, 'b');
      assert.deepEqual(heard, [
        ['s-0', 'evicted'],
        ['b', 'revoked'],
      ]);
      assert.deepEqual(late, [['s-0', 'evicted']]);
      stop();
    },
  ],
];
