import assert from 'node:assert/strict';

import type { SessionEndReason, SessionStore } from '../../types.js';
import {
  ada,
  assertKept,
  at,
  evicting,
  idsIn,
  keep,
  limitsOf,
  MANY,
  plain,
  series,
  sessionOf,
  soon,
} from '../sessions.js';

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

const PROBE = 'probe-';
const isNoProbe = ([id]: Heard): boolean => !id.startsWith(PROBE);

/** Removes sessions until all have heard of one: who has just begun to listen may not be connected yet. */
async function isListening(store: SessionStore, all: readonly (readonly Heard[])[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let i = 0; all.some((heard) => heard.length === 0); i += 1) {
    assert.ok(Date.now() < deadline, `onDeleted told of no deletion within ${PATIENCE_MS} ms`);
    await keep(store, [sessionOf(`${PROBE}${i}`)]);
    await store.delete(`${PROBE}${i}`, 'deleted');
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
      try {
        await isListening(here, [heard, late]);
        const limits = limitsOf({ maxSessionsPerPrincipal: 2, onLimit: 'evict-idle' });
        await keep(here, [...series(3, 's'), sessionOf('b', { subject: 'eve' })], limits);
        await hears(heard, 's-0');
        await hears(late, 's-0');
        stopLate();
        stopLate();
        assert.equal(await here.delete('nothing', 'deleted'), false);
        assert.equal(await here.delete('b', 'revoked'), true);
        await hears(heard, 'b');
        assert.deepEqual(heard.filter(isNoProbe), [
          ['s-0', 'evicted'],
          ['b', 'revoked'],
        ]);
        assert.deepEqual(late.filter(isNoProbe), [['s-0', 'evicted']]);
      } finally {
        // What listens may keep the process alive.
        stopLate();
        stop();
      }
    },
  ],
  [
    'nodes: of what a create evicted, whoever served it, it answers the record as it was last updated',
    async (here, there) => {
      const limits = limitsOf({ maxSessionsPerPrincipal: 1, onLimit: 'evict-idle' });
      await keep(here, [sessionOf('a')]);
      await here.update('a', { principal: { ...ada, token: 'issued' } });
      const outcome = await there.create(sessionOf('b'), limits);
      assert.ok(outcome !== 'limit', 'refused although an idle session could go');
      assert.deepEqual(outcome.evicted, ['a']);
      if (!outcome.evictedRecords) return;
      const evicted = { ...sessionOf('a'), principal: { ...ada, token: 'issued' } };
      assert.deepEqual(outcome.evictedRecords.map(plain), [plain(evicted)]);
    },
  ],
  [
    'nodes: what is busy on one, until a time to come, is not evicted by the other',
    async (here, there) => {
      await keep(here, [sessionOf('a'), sessionOf('b', ada, 1)]);
      await here.update('a', { busyUntil: soon() });
      assert.deepEqual(await keep(there, [sessionOf('c', ada, 2)], evicting(2)), ['b']);
      assert.deepEqual(await idsIn(here), ['a', 'c']);
    },
  ],
  [
    'nodes: what one left behind the other finds overdue and remaining, where the store has these',
    async (here, there) => {
      await keep(here, [sessionOf('a', ada, 1), sessionOf('b', ada, 2)]);
      const overdue = await there.overdue?.({ expiredAt: 0, idleSince: at(1) });
      if (overdue) assert.deepEqual(overdue.map(plain), [plain(sessionOf('a', ada, 1))]);
      const remaining = await there.remaining?.(['a', 'b', 'c']);
      if (remaining) assert.deepEqual([...remaining].sort(), ['a', 'b']);
    },
  ],
];
