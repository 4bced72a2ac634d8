import { expect } from 'chai';

import { isGuardError } from '../../lib/errors.js';
import { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import type { SessionLimits, SessionRecord, SessionStore } from '../../lib/types.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { ada } from './support.js';

const TIMEOUT_MS = 5000;
const LIMITS: SessionLimits = { maxSessions: 9, maxSessionsPerPrincipal: 9, onLimit: 'refuse', busy: [] };

const record = (id: string, changes: Partial<SessionRecord> = {}): SessionRecord => ({
  ...{ id, principal: ada, createdAt: 0, lastSeenAt: 100, expiresAt: 1000, initialize: null },
  ...changes,
});

/** A store of which only what a test asks for is there. */
const over = (parts: Partial<SessionStore>): StoredSessions => new StoredSessions(parts as SessionStore);
const broken = (): never => {
  throw new Error('down');
};

async function errorOf(asking: () => unknown): Promise<unknown> {
  try {
    return void (await asking());
  } catch (error) {
    return error;
  }
}

describe('StoredSessions', () => {
  it('answers at once where the store does, and throws at once where that throws', async () => {
    const stored = over({ create: () => ({ evicted: [] }), get: () => record('a') });
    expect(stored.create(record('a'), LIMITS, broken)).to.deep.equal({ evicted: [] });
    expect(stored.get('a')).to.deep.equal(record('a'));
    const down = over({ create: broken, get: broken, update: broken, delete: broken, list: broken });
    for (const asking of [
      () => down.create(record('a'), LIMITS, broken),
      () => down.get('a'),
      () => down.update('a', {}),
      () => down.delete('a', 'idle'),
      () => down.list({}),
    ]) {
      const error = await errorOf(asking);
      expect(isGuardError(error) && error.code).to.equal('unavailable');
      expect((error as Error).cause)
        .to.be.an('error')
        .with.property('message', 'down');
    }
    expect(() => down.get('a')).to.throw();
    expect(() => down.create(record('a'), LIMITS, broken)).to.throw();
  });

  it('waits for an answer for 5 s, and no longer', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const silent = over({ create: never, get: never, update: never, delete: never, list: never });
    for (const asking of [
      () => silent.create(record('a'), LIMITS, broken),
      () => silent.get('a'),
      () => silent.update('a', {}),
      () => silent.delete('a', 'idle'),
      () => silent.list({}),
    ]) {
      using timeouts = holdTimeouts(TIMEOUT_MS);
      const answer = errorOf(asking);
      expect(timeouts.count).to.equal(1);
      timeouts.fire();
      const error = await answer;
      expect(isGuardError(error) && error.code).to.equal('unavailable');
    }
  });

  it('removes what the store kept after all, for a session that its caller has given up', async () => {
    for (const late of [{ evicted: ['b'] }, 'limit'] as const) {
      using timeouts = holdTimeouts(TIMEOUT_MS);
      const told: unknown[] = [];
      let answer = (_created: typeof late): void => {};
      const stored = over({
        create: () => new Promise((resolve) => (answer = resolve as typeof answer)),
        delete: (id, reason) => told.push(['delete', id, reason]) > 0,
      });
      const creating = errorOf(() => stored.create(record('a'), LIMITS, (what) => told.push(['late', what])));
      timeouts.fire();
      expect(isGuardError(await creating)).to.equal(true);
      expect(told).to.deep.equal([]);
      answer(late);
      await new Promise(setImmediate);
      expect(told).to.deep.equal(
        late === 'limit'
          ? []
          : [
              ['late', late],
              ['delete', 'a', 'failed'],
            ],
      );
    }
  });

  describe('which sessions are over', () => {
    const which = { expiredAt: 1000, idleSince: 100, limit: 10 } as Parameters<StoredSessions['overdue']>[0];

    it('is for the store to say, if it can', async () => {
      const store = {
        found: [record('a')],
        overdue(asked: unknown) {
          expect(asked).to.equal(which);
          return this.found;
        },
      };
      expect(await over(store as unknown as SessionStore).overdue(which)).to.deep.equal([record('a')]);
    });

    it('is found among all of them, if it cannot', async () => {
      const late = { expiresAt: 1001, lastSeenAt: 101 };
      const all = [
        record('expired', { ...late, expiresAt: 1000 }),
        record('lives', late),
        record('idle', { ...late, lastSeenAt: 100 }),
        record('idle, busy until then', { ...late, lastSeenAt: 100, busyUntil: 1000 }),
        record('idle, busy elsewhere', { ...late, lastSeenAt: 100, busyUntil: 1001 }),
        record('expired, busy', { ...late, expiresAt: 999, busyUntil: 5000 }),
      ];
      const found = await over({ list: () => all }).overdue(which);
      expect(found.map(({ id }) => id)).to.deep.equal([
        ...['expired', 'idle', 'idle, busy until then', 'expired, busy'],
      ]);
    });
  });

  describe('which sessions remain', () => {
    it('is for the store to say, if it can, and for nobody where none is asked for', async () => {
      let calls = 0;
      const store = {
        kept: ['b'],
        remaining(ids: readonly string[]) {
          calls += 1;
          return ids.filter((id) => this.kept.includes(id));
        },
      };
      const stored = over(store as unknown as SessionStore);
      expect([...(await stored.remaining(['a', 'b']))]).to.deep.equal(['b']);
      expect((await stored.remaining([])).size).to.equal(0);
      expect(calls).to.equal(1);
    });

    it('is found one by one, if it cannot', async () => {
      using _clock = stopClock();
      const now = Date.now();
      const records = new Map([
        ['lives', record('lives', { expiresAt: now + 60_000 })],
        ['over', record('over', { expiresAt: now })],
      ]);
      const stored = over({ get: (id) => records.get(id) });
      expect([...(await stored.remaining(['gone', 'lives', 'over']))]).to.deep.equal(['lives']);
    });
  });
});
