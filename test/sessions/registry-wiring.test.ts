import { expect } from 'chai';

import { type Clock, stopClock } from '../support/clock.js';
import { settle } from '../support/settle.js';
import { sharedRecords } from '../support/shared-store.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, begin, fakeKeeper, slowStore, watched } from './support.js';

describe('SessionRegistry, what it asks of whom', () => {
  failsOnUnhandledRejections();
  let clock: Clock;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => clock[Symbol.dispose]());

  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000);
      await settle();
    }
  };

  it('asks a store of one process nothing while time passes, and ends what is idle by itself', async () => {
    const store = slowStore();
    const { registry } = watched({ store, idleSeconds: 10 });
    registry.meet(fakeKeeper());
    const session = await begin(registry, ada);
    store.calls.length = 0;
    await pass(9);
    expect(store.calls).to.deep.equal([]);
    await pass(1);
    expect(session.endReason).to.equal('idle');
    expect(store.calls.map(({ method }) => method)).to.deep.equal(['delete']);
    await registry.close();
  });

  it('asks shared records whether an idle session is idle everywhere, and none whether it has expired', async () => {
    const node = sharedRecords().node();
    const { registry } = watched({ store: node, idleSeconds: 10, absoluteSeconds: 20 });
    const idle = await begin(registry, ada);
    await pass(10);
    expect([idle.endReason, node.count.get]).to.deep.equal(['idle', 1]);
    const expired = await begin(registry, ada);
    expired.calls = 1;
    await pass(20);
    expect([expired.endReason, node.count.get]).to.deep.equal(['expired', 1]);
    await registry.close();
  });

  it('asks shared records for a session that nobody uses twice in the time of a recheck', async () => {
    const node = sharedRecords().node();
    const { registry } = watched({ store: node, recheckSeconds: 30 });
    registry.meet(fakeKeeper());
    await begin(registry, ada);
    await pass(15);
    expect(node.count.remaining).to.equal(0);
    await pass(1);
    expect(node.count.remaining).to.equal(1);
    await registry.close();
  });

  it('asks nothing any more once it is closed, whoever it meets', async () => {
    const node = sharedRecords().node();
    const { registry } = watched({ store: node });
    await registry.close();
    registry.meet(fakeKeeper());
    const asked = { ...node.count };
    await pass(10);
    expect(node.count).to.deep.equal(asked);
  });

  it('lets go of a session without ending its record', async () => {
    const shared = sharedRecords();
    const { registry } = watched({ store: shared.node() });
    const session = await begin(registry, ada);
    await registry.release(session);
    expect(session.endReason).to.equal('shutdown');
    expect(shared.records.list({})).to.have.length(1);
    expect(registry.isLeftBehind(session)).to.equal(false);
    await registry.close();
  });

  it('knows whose record the store has failed to remove', async () => {
    const node = sharedRecords().node();
    const { registry } = watched({ store: node });
    const session = await begin(registry, ada);
    node.isDown = true;
    await registry.end(session, 'deleted');
    expect(registry.isLeftBehind(session)).to.equal(true);
    node.isDown = false;
    await registry.close();
    expect(registry.isLeftBehind(session)).to.equal(false);
  });

  it('finds what another node began for whoever asks without guards, too', async () => {
    const shared = sharedRecords();
    const [here, there] = [shared.node(), shared.node()].map((store) => watched({ store }));
    if (!here || !there) throw new Error('no nodes');
    const session = await here.registry.create(ada, { method: 'initialize' }, { by: 'guard 0' });
    const found = await there.registry.find(session.id, ada);
    expect(found).to.include({ id: session.id, hooks: undefined });
    await Promise.all([here.registry.close(), there.registry.close()]);
  });

  for (const [reason, forgotten] of [
    ['revoked', 1],
    ['inactive', 1],
    ['idle', 0],
    ['evicted', 0],
    ['deleted', 0],
  ] as const) {
    it(`${forgotten ? 'forgets' : 'keeps'} the proofs of whose session ended elsewhere: ${reason}`, async () => {
      let tell: (id: string, reason: 'revoked' | 'inactive' | 'idle' | 'evicted' | 'deleted') => void =
        () => {};
      const store = slowStore({
        shared: true,
        onDeleted: (listener) => {
          tell = listener;
          return () => {};
        },
      });
      const { registry } = watched({ store });
      const keeper = fakeKeeper();
      registry.meet(keeper);
      const session = await begin(registry, ada);
      tell('another', reason);
      expect(keeper.forgotten).to.deep.equal([]);
      tell(session.id, reason);
      expect(keeper.forgotten).to.deep.equal(Array(forgotten).fill(session.presented));
      expect(session.endReason).to.equal(reason);
      await registry.close();
    });
  }
});
