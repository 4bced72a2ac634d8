import { expect } from 'chai';

import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import type { SessionLimits, SessionRecord, SessionStore } from '../../lib/types.js';
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
});
