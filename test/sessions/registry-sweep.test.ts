import { expect } from 'chai';
import type { Request } from 'express';

import { mountOf } from '../../lib/sessions/origin.js';
import { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import { type Clock, stopClock } from '../support/clock.js';
import { settle } from '../support/settle.js';
import { sharedRecords } from '../support/shared-store.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, begin, type Ended, eve, fakeKeeper, slowStore, watched } from './support.js';

/** Second by second, with time for the store to answer. */
async function pass(clock: Clock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    await settle();
  }
}

describe('SessionRegistry, as time passes over records that nodes share', () => {
  failsOnUnhandledRejections();
  let clock: Clock;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => clock[Symbol.dispose]());

  it('a call that begins while the store is asked keeps its session from being idle', async () => {
    const { registry } = watched({ store: sharedRecords().node(), idleSeconds: 60 });
    const session = await begin(registry, ada);
    await pass(clock, 59);
    clock.advance(2000);
    session.calls += 1;
    await settle();
    expect(session.ending).to.equal(undefined);
    session.calls -= 1;
    await pass(clock, 10);
    expect(session.endReason).to.equal('idle');
    await registry.close();
  });

  it('an idle session whose record has gone is over, and its login left to who removed that', async () => {
    const shared = sharedRecords();
    const { registry } = watched({ store: shared.node(), idleSeconds: 60 });
    const ended: Ended[] = [];
    const session = await begin(registry, ada, ended);
    shared.records.delete(session.id);
    await pass(clock, 62);
    expect(session).to.include({ endReason: 'idle', isEndedByOthers: true });
    expect(ended).to.deep.equal([]);
    await registry.close();
  });

  it('a session that nobody serves any more ends where it is asked for after its time', async () => {
    const shared = sharedRecords();
    const [here, there] = [shared.node(), shared.node()].map((store) => watched({ store, idleSeconds: 60 }));
    const session = await here?.registry.create(ada, { method: 'initialize' });
    if (!here || !there || !session) throw new Error('no session');
    session.isStarting = false;
    await here.registry.close();
    await pass(clock, 61);
    expect(await there.registry.find(session.id, ada)).to.equal(undefined);
    await settle();
    expect(shared.records.list({})).to.deep.equal([]);
    expect(there.news).to.deep.include({
      type: 'session.ended',
      reason: 'idle',
      principal: session.owner,
      session: session.id,
    });
    await there.registry.close();
  });

  it('a busy session whose record says that its time is over ends as expired', async () => {
    const shared = sharedRecords();
    const { registry } = watched({ store: shared.node() });
    registry.meet(fakeKeeper());
    const session = await begin(registry, ada);
    session.calls = 1;
    shared.records.update(session.id, { expiresAt: Date.now() });
    await pass(clock, 2);
    expect(session.endReason).to.equal('expired');
    await registry.close();
  });

  it('a session that is in use here does not end for what its record says of its last use', async () => {
    const shared = sharedRecords();
    const { registry } = watched({ store: shared.node(), idleSeconds: 60 });
    registry.meet(fakeKeeper());
    const session = await begin(registry, ada);
    shared.records.update(session.id, { lastSeenAt: 0 });
    await pass(clock, 11);
    expect(session.ending).to.equal(undefined);
    expect(shared.records.list({})).to.have.length(1);
    await registry.close();
  });

  it('an idle session ends by the look at all that are overdue where the store was down at its time', async () => {
    const node = sharedRecords().node();
    const { registry } = watched({ store: node, idleSeconds: 60 });
    const ended: Ended[] = [];
    registry.meet(fakeKeeper());
    const session = await begin(registry, ada, ended);
    await pass(clock, 59);
    node.isDown = true;
    await pass(clock, 2);
    expect(session.ending).to.equal(undefined);
    node.isDown = false;
    // Before the store is asked again of this session.
    await pass(clock, 4);
    expect(ended).to.deep.equal([['ada', session.id, 'idle']]);
    await registry.close();
  });

  it('tells nobody that a session is busy which is only beginning', async () => {
    const node = sharedRecords().node();
    const { registry } = watched({ store: node });
    registry.meet(fakeKeeper());
    const session = await registry.create(ada, { method: 'initialize' });
    session.calls = 1;
    await pass(clock, 4);
    expect(node.count.update).to.equal(0);
    session.isStarting = false;
    await pass(clock, 2);
    expect(node.count.update).to.equal(1);
    expect((await node.get(session.id))?.busyUntil).to.be.greaterThan(Date.now());
    await registry.close();
  });
});

describe('SessionRegistry over records that nodes share, without the right guard or the store', () => {
  failsOnUnhandledRejections();

  it('ends who is inactive here although the store does not say what there is elsewhere', async () => {
    const node = sharedRecords().node();
    const { registry } = watched({ store: node });
    const session = await begin(registry, ada);
    const other = await begin(registry, eve);
    node.isDown = true;
    await registry.endOwned(ada, 'inactive');
    expect([session.endReason, other.ending]).to.deep.equal(['inactive', undefined]);
    node.isDown = false;
    await registry.close();
  });

  it('tells that nobody undoes the login of what was evicted whose guard is not known here', async () => {
    const shared = sharedRecords();
    const here = watched({ store: shared.node() });
    const there = watched({ store: shared.node(), maxSessionsPerPrincipal: 1 });
    const session = await here.registry.create(ada, { method: 'initialize' }, { by: 'guard 0' });
    const { id, owner } = session;
    session.isStarting = false;
    await here.registry.close();
    await there.registry.create(ada, { method: 'initialize' });
    await settle();
    const about = { principal: owner, session: id };
    expect(there.news).to.deep.equal([
      { type: 'session.ended', reason: 'evicted', ...about },
      { type: 'server.failed', reason: 'end_session', ...about },
    ]);
    await there.registry.close();
  });

  it('asks the store nothing about no session', async () => {
    const store = slowStore({ shared: true });
    expect(await new StoredSessions(store).remaining([])).to.deep.equal(new Set());
    expect(store.calls).to.deep.equal([]);
  });
});

describe('mountOf', () => {
  it('is where a handler is mounted, by a path or on a route', () => {
    const mount = (request: object): string => mountOf(request as Request);
    expect(mount({ baseUrl: '/mcp' })).to.equal('/mcp ');
    expect(mount({ baseUrl: '/api', route: { path: '/mcp' } })).to.equal('/api /mcp');
    expect(mount({ baseUrl: '', route: { path: /^\/mcp$/ } })).to.equal(' /^\\/mcp$/');
  });
});
