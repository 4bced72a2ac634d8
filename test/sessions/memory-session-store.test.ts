import { expect } from 'chai';

import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import type { SessionLimits, SessionRecord, SessionStore } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { ada } from './support.js';

const LIMITS: SessionLimits = {
  maxSessions: 100,
  maxSessionsPerPrincipal: 100,
  onLimit: 'refuse',
  busy: [],
};

const record = (id: string, subject = 'ada', lastSeenAt = 0): SessionRecord => ({
  id,
  principal: { subject },
  createdAt: 0,
  lastSeenAt,
  expiresAt: 1,
  initialize: null,
});

// What every store must do is tested by sessionStoreContract, see test/testing.
describe('MemorySessionStore', () => {
  it('answers at once: nothing can come between two steps of an operation', () => {
    const store = new MemorySessionStore();
    expect(store.create(record('a'), LIMITS)).to.deep.equal({ evicted: [] });
    expect(store.get('a')).to.deep.equal(record('a'));
    expect(store.list({})).to.have.length(1);
    expect(store.delete('a')).to.equal(true);
  });

  it('never replaces a record by another of the same id', () => {
    const store = new MemorySessionStore();
    store.create(record('a'), LIMITS);
    expect(store.create(record('a', 'eve'), LIMITS)).to.equal('limit');
    expect(store.get('a')?.principal).to.deep.equal(ada);
  });

  it('keeps the place of a principal whose only session was evicted for a new one', () => {
    const store = new MemorySessionStore();
    const limits: SessionLimits = { ...LIMITS, maxSessionsPerPrincipal: 1, onLimit: 'evict-idle' };
    store.create(record('a'), limits);
    expect(store.create(record('b'), limits)).to.deep.equal({ evicted: ['a'] });
    expect(store.create(record('c'), limits)).to.deep.equal({ evicted: ['b'] });
    expect(store.create(record('d'), { ...limits, busy: ['c'] })).to.equal('limit');
  });

  it('knows nothing of other processes', () => {
    const store: SessionStore = new MemorySessionStore();
    expect(store.shared).to.equal(undefined);
    expect(store.onDeleted).to.equal(undefined);
  });

  describe('at the limit of a principal', () => {
    const two = { ...LIMITS, maxSessionsPerPrincipal: 2, onLimit: 'evict-idle' } as const;

    function holding(...records: readonly SessionRecord[]): MemorySessionStore {
      const store = new MemorySessionStore();
      for (const each of records) store.create(each, LIMITS);
      return store;
    }

    it('makes room for a new one by the one that was used longest ago, wherever that stands', () => {
      for (const [first, second] of [
        [2, 1],
        [1, 2],
      ] as const) {
        const store = holding(record('a', 'ada', first), record('b', 'ada', second));
        expect(store.create(record('c'), two)).to.deep.equal({ evicted: [first < second ? 'a' : 'b'] });
      }
      const equals = holding(record('a', 'ada', 1), record('b', 'ada', 1));
      expect(equals.create(record('c'), two)).to.deep.equal({ evicted: ['a'] });
    });

    it('never by one that is busy, here or elsewhere', () => {
      const store = holding(record('a', 'ada', 1), record('b', 'ada', 2));
      expect(store.create(record('c'), { ...two, busy: ['a'] })).to.deep.equal({ evicted: ['b'] });
      const elsewhere = holding(
        { ...record('a', 'ada', 1), busyUntil: Date.now() + 60_000 },
        record('b', 'ada', 2),
      );
      expect(elsewhere.create(record('c'), two)).to.deep.equal({ evicted: ['b'] });
      const all = holding(record('a', 'ada', 1), record('b', 'ada', 2));
      expect(all.create(record('c'), { ...two, busy: ['a', 'b'] })).to.equal('limit');
    });

    it('by one that others used until just now', () => {
      using _clock = stopClock();
      const store = holding({ ...record('a', 'ada', 1), busyUntil: Date.now() }, record('b', 'ada', 2));
      expect(store.create(record('c'), two)).to.deep.equal({ evicted: ['a'] });
    });

    it('refuses where it is told to, and takes nothing from others', () => {
      const store = holding(record('a', 'ada', 1), record('b', 'ada', 2), record('d', 'eve', 0));
      expect(store.create(record('c'), { ...two, onLimit: 'refuse' })).to.equal('limit');
      expect(store.create(record('c'), two)).to.deep.equal({ evicted: ['a'] });
      expect(store.list({}).map(({ id }) => id)).to.have.members(['b', 'c', 'd']);
    });

    it('counts those alone that have not ended', () => {
      const store = holding(record('a', 'ada', 1), record('b', 'ada', 2));
      expect([store.delete('a'), store.delete('a'), store.delete('b')]).to.deep.equal([true, false, true]);
      for (const id of ['c', 'd']) expect(store.create(record(id), two)).to.deep.equal({ evicted: [] });
      expect(store.delete('c')).to.equal(true);
      expect(store.create(record('e'), two)).to.deep.equal({ evicted: [] });
      expect(store.create(record('f', 'ada', 5), two)).to.deep.equal({ evicted: ['d'] });
    });
  });
});
