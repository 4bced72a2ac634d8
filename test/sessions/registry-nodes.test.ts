import { expect } from 'chai';

import type { ProofKeeper } from '../../lib/request-state.js';
import { RecentEnds } from '../../lib/sessions/recent-ends.js';
import type { Principal } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { type NodeStore, sharedRecords } from '../support/shared-store.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, eve, type FakeKeeper, fakeKeeper, type Watched, watched } from './support.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface NodeOf extends Watched {
  readonly node: NodeStore;
  readonly keeper: FakeKeeper;
  /** Whom `endSession` of this node was called for, and why. */
  readonly ended: string[];
}

/** Registries over the same records, with a guard each that has the same name and hooks. */
function nodes(options: Parameters<typeof watched>[0] = {}): readonly [NodeOf, NodeOf] {
  const shared = sharedRecords();
  const open = (): NodeOf => {
    const node = shared.node();
    const ended: string[] = [];
    const hooks: NonNullable<ProofKeeper['hooks']> = {
      async endSession({ subject }: Principal, { reason }) {
        ended.push(`${subject} ${reason}`);
      },
    };
    const keeper = Object.assign(fakeKeeper(), { owner: 'guard', hooks });
    return { ...watched({ ...options, store: node }), node, keeper, ended };
  };
  return [open(), open()];
}

const message = { method: 'initialize' };

describe('SessionRegistry over records that nodes share', () => {
  failsOnUnhandledRejections();

  it('A2 keeps nothing of a session that a stranger asks for', async () => {
    const [here, there] = nodes();
    const { id } = await here.registry.create(ada, message);
    there.registry.meet(there.keeper);
    const [held = () => undefined] = there.keeper.holders;
    expect(await there.registry.find(id, eve)).to.include({ id });
    expect(held(id)).to.equal(undefined);
    expect(await there.registry.find(id, ada)).to.include({ id });
    expect(held(id)).to.not.equal(undefined);
    await there.registry.close();
  });

  it('S5 restores who began it, with what the login added, and when it was last used', async () => {
    const [here, there] = nodes({ absoluteSeconds: 100 });
    const session = await here.registry.create({ ...ada, scopes: ['x'] }, message, {
      by: 'guard 0',
      at: '/mcp ',
    });
    await here.registry.enrich(session, { ...ada, scopes: ['x'], token: 'issued' });
    const restored = await there.registry.find(session.id, ada, [there.keeper]);
    expect(restored).to.include({
      createdAt: session.createdAt,
      expiresAt: session.expiresAt,
      canMove: true,
    });
    expect(restored?.presented).to.deep.include({ subject: 'ada', scopes: ['x'] });
    expect(restored?.principal.token).to.equal('issued');
    expect(restored?.origin).to.include({ by: 'guard 0', at: '/mcp ' });
    expect(restored?.hooks).to.equal(there.keeper.hooks);
  });

  for (const [what, initialize] of [
    ['is one stream', null],
    ['was kept by somebody else', 'nonsense'],
  ] as const) {
    it(`S5 restores nothing of a session that ${what}`, async () => {
      const [here, there] = nodes();
      const session = await here.registry.create(ada, initialize === null ? null : message);
      if (initialize) await here.node.update(session.id, { initialize });
      expect(await there.registry.find(session.id, ada)).to.equal(undefined);
    });
  }

  it('S5 restores nothing whose principal is not the one that began it', async () => {
    const [here, there] = nodes();
    const session = await here.registry.create(ada, message);
    await here.node.update(session.id, { principal: eve });
    expect(await there.registry.find(session.id, eve)).to.equal(undefined);
  });

  it('S5 does not take for idle what another node served a moment ago', async () => {
    const { now } = Date;
    const [here, there] = nodes({ idleSeconds: 60 });
    const session = await here.registry.create(ada, message);
    session.isStarting = false;
    try {
      Date.now = () => session.createdAt + 59_000;
      const restored = await there.registry.find(session.id, ada);
      if (restored) there.registry.touch(restored);
      await settle();
      Date.now = () => session.createdAt + 61_000;
      expect(await here.registry.find(session.id, ada)).to.equal(session);
    } finally {
      Date.now = now;
    }
  });

  it('S5 says closing, once it is closed, of what goes on elsewhere', async () => {
    const [here, there] = nodes();
    const session = await here.registry.create(ada, message);
    const { id } = session;
    session.isStarting = false;
    await here.registry.close();
    const error = await (async () => here.registry.find(id, ada))().catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'closing' });
    expect(await there.registry.find(id, ada)).to.include({ id });
  });

  it('S5 ends as inactive on all nodes whom one of them finds so', async () => {
    const [here, there] = nodes();
    for (const node of [here, there]) node.registry.meet(node.keeper);
    const session = await here.registry.create(ada, message, { by: 'guard 0' });
    const other = await here.registry.create(eve, message, { by: 'guard 0' });
    await there.registry.endOwned(ada, 'inactive');
    await session.ending;
    expect(session.endReason).to.equal('inactive');
    expect(other.ending).to.equal(undefined);
    expect([here.ended, there.ended]).to.deep.equal([[], ['ada inactive']]);
    expect(here.keeper.forgotten).to.have.length(1);
    for (const node of [here, there]) await node.registry.close();
  });

  it('S5 leaves a login that it cannot undo to a node that can, and tells two guards of one name apart from one', async () => {
    const [here, there] = nodes();
    const session = await here.registry.create(ada, message, { by: 'guard 0' });
    await here.node.update(session.id, { lastSeenAt: 0 });
    // Neither a node without guards nor one with two of that name knows whose login it is.
    expect(await there.registry.revoke({ subject: 'ada' })).to.equal(1);
    expect(await there.registry.revoke({ subject: 'ada' })).to.equal(0);
    expect((await here.node.get(session.id))?.initialize).to.include({ ended: 'revoked' });
    for (const keeper of [there.keeper, Object.assign(fakeKeeper(), { owner: 'guard' })]) {
      there.registry.meet(keeper);
    }
    expect(await there.registry.find(session.id, ada)).to.equal(undefined);
    await settle();
    expect(there.ended).to.deep.equal([]);
    here.registry.meet(here.keeper);
    expect(await here.registry.find(session.id, ada)).to.equal(undefined);
    await session.ending;
    expect(session.endReason).to.equal('revoked');
    expect(await here.node.get(session.id)).to.equal(undefined);
    for (const node of [here, there]) await node.registry.close();
  });

  it('E6 rests when it is closed: nothing is asked of the store any more', async () => {
    using clock = stopClock();
    const [here] = nodes();
    here.registry.meet(here.keeper);
    await here.registry.close();
    here.registry.meet(fakeKeeper());
    const before = { ...here.node.count };
    clock.advance(60_000);
    await settle();
    expect(here.node.count).to.deep.equal(before);
  });
});

describe('RecentEnds', () => {
  it('knows an id for ten seconds', () => {
    const { now } = Date;
    try {
      Date.now = () => 1000;
      const ends = new RecentEnds();
      ends.note('a');
      Date.now = () => 10_999;
      ends.note('b');
      expect([ends.has('a'), ends.has('b'), ends.has('c')]).to.deep.equal([true, true, false]);
      Date.now = () => 11_000;
      expect([ends.has('a'), ends.has('b')]).to.deep.equal([false, true]);
      ends.prune();
      Date.now = () => 1500;
      expect([ends.has('a'), ends.has('b')]).to.deep.equal([false, true]);
    } finally {
      Date.now = now;
    }
  });
});

describe('SessionRegistry.keepLogin', () => {
  const beginning = { by: 'guard 0', loginUntil: Number.MAX_SAFE_INTEGER };

  it('S5 says with one write that the login is done, and what it added', async () => {
    const [here, there] = nodes();
    const session = await here.registry.create(ada, message, beginning);
    expect((await here.node.get(session.id))?.initialize).to.include({ loginUntil: Number.MAX_SAFE_INTEGER });
    await here.registry.keepLogin(session, { ...ada, token: 'issued' });
    expect(here.node.count.update).to.equal(1);
    const record = await there.node.get(session.id);
    expect(record?.initialize).to.not.have.property('loginUntil');
    expect(record?.initialize).to.include({ by: 'guard 0' });
    expect(record?.principal.token).to.equal('issued');
    const plain = await here.registry.create(ada, message, beginning);
    await here.registry.keepLogin(plain, undefined);
    expect((await there.node.get(plain.id))?.initialize).to.not.have.property('loginUntil');
  });

  it('W15 undoes the login here where another node removed the record before it was said', async () => {
    const [here, there] = nodes();
    there.registry.meet(there.keeper);
    for (const isDeaf of [false, true]) {
      here.node.isDeaf = isDeaf;
      const session = await here.registry.create(ada, message, beginning);
      expect(await there.registry.revoke({ sessionId: session.id })).to.equal(1);
      session.hooks = here.keeper.hooks;
      const error = await here.registry.keepLogin(session, undefined).catch((reason: unknown) => reason);
      expect(error).to.include({ code: isDeaf ? 'unavailable' : 'session_not_found' });
    }
    expect([here.ended, there.ended]).to.deep.equal([['ada revoked', 'ada failed'], []]);
    await there.registry.close();
  });

  it('undoes nothing of a login that is kept', async () => {
    const [here] = nodes();
    const session = await here.registry.create(ada, message, beginning);
    session.hooks = here.keeper.hooks;
    await here.registry.keepLogin(session, undefined);
    expect(here.ended).to.deep.equal([]);
    expect(session.ending).to.equal(undefined);
  });

  it('asks nothing of the store where there was no login to keep', async () => {
    const [here] = nodes();
    const session = await here.registry.create(ada, message, { by: 'guard 0' });
    const before = { ...here.node.count };
    await here.registry.keepLogin(session, undefined);
    expect(here.node.count).to.deep.equal(before);
  });

  it('is of a session that no other node can go on with where that began with no message', async () => {
    const [here] = nodes();
    expect((await here.registry.create(ada, null, beginning)).canMove).to.equal(false);
    expect((await here.registry.create(ada, message, beginning)).canMove).to.equal(true);
  });

  it('S5 leaves a store of its own alone', async () => {
    const { registry, store } = watched();
    const session = await registry.create(ada, message, beginning);
    await registry.keepLogin(session, undefined);
    expect(await store.get(session.id)).to.deep.include({ initialize: null });
  });
});
