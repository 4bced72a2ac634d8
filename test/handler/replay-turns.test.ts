import { expect } from 'chai';

import { ReplayTurns } from '../../lib/handler/replay-turns.js';
import { type Gate, gate } from '../support/gate.js';

/** Turns of one session, and what has been done in them. */
function taken() {
  const turns = new ReplayTurns();
  const done: string[] = [];
  const held = (name: string, until?: Gate) => async () => {
    done.push(`${name} begins`);
    await until?.opened;
    done.push(`${name} ends`);
    return name;
  };
  return {
    done,
    store: (name: string, until?: Gate) => turns.storing(held(name, until)),
    replay: (name: string, until?: Gate) => turns.replaying(held(name, until)),
  };
}

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ReplayTurns', () => {
  it('answers what was stored and what was replayed', async () => {
    const { store, replay } = taken();
    expect(await Promise.all([store('a'), replay('b'), store('c')])).to.deep.equal(['a', 'b', 'c']);
  });

  it('stores side by side', () => {
    const { store, done } = taken();
    void store('a', gate());
    void store('b', gate());
    expect(done).to.deep.equal(['a begins', 'b begins']);
  });

  it('replays when all that is being stored is kept', async () => {
    const { store, replay, done } = taken();
    const [first, second] = [gate(), gate()];
    const stored = [store('a', first), store('b', second)];
    const replayed = replay('r');
    first.open();
    await stored[0];
    await macrotask();
    expect(done).to.not.include('r begins');
    second.open();
    await replayed;
    expect(done.slice(-3)).to.deep.equal(['b ends', 'r begins', 'r ends']);
  });

  it('stores after the replay, in the order of the calls, and not before who waits for it has gone on', async () => {
    const { store, replay, done } = taken();
    const held = gate();
    const replayed = replay('r', held).then(() => done.push('the stream is open'));
    const stored = ['a', 'b', 'c'].map((name) => store(name));
    await macrotask();
    expect(done).to.deep.equal(['r begins']);
    held.open();
    await replayed;
    stored.push(store('d'));
    await Promise.all(stored);
    expect(done.filter((what) => !what.endsWith(' ends'))).to.deep.equal(
      ['r', 'the stream is open', 'a', 'b', 'c', 'd'].map((name) =>
        name.length === 1 ? `${name} begins` : name,
      ),
    );
  });

  it('replays one after the other', async () => {
    const { replay, done } = taken();
    const held = gate();
    const both = [replay('r', held), replay('s')];
    await macrotask();
    expect(done).to.deep.equal(['r begins']);
    held.open();
    await Promise.all(both);
    expect(done).to.deep.equal(['r begins', 'r ends', 's begins', 's ends']);
  });

  it('goes on after a failure of either', async () => {
    const { store, replay } = taken();
    const [kept, read] = [gate(), gate()];
    const failing = [store('a', kept), replay('r', read)];
    const after = store('b');
    kept.fail(new Error('not kept'));
    read.fail(new Error('not read'));
    const results = await Promise.allSettled(failing);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(await after).to.equal('b');
    expect(await replay('s')).to.equal('s');
  });
});
