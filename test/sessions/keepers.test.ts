import { expect } from 'chai';

import type { ProofKeeper, SessionHooks } from '../../lib/request-state.js';
import { Keepers, keeperName } from '../../lib/sessions/keepers.js';
import type { PrincipalFilter } from '../../lib/types.js';

interface Told extends ProofKeeper {
  readonly forgotten: PrincipalFilter[];
  /** Who listens to it now. */
  listeners: number;
}

function keeper(owner?: string, hooks?: SessionHooks): Told {
  const told: Told = {
    ...(owner !== undefined && { owner }),
    hooks,
    forgotten: [],
    listeners: 0,
    forget: (filter) => void told.forgotten.push(filter),
    onInactive: () => listen(),
    onHeld: () => listen(),
  };
  const listen = (): (() => void) => {
    told.listeners += 1;
    return () => {
      told.listeners -= 1;
    };
  };
  return told;
}

const keepers = (): Keepers =>
  new Keepers(
    () => {},
    () => undefined,
  );

const hooks = (): SessionHooks => ({ endSession: () => {} });

describe('the guards that prove credentials', () => {
  it('are named by their place among those of their kind', () => {
    const [basic, bearer, other, nameless] = [keeper('basic'), keeper('bearer'), keeper('bearer'), keeper()];
    const chain = [basic, bearer, nameless, other];
    expect(chain.map((one) => keeperName(chain, one))).to.deep.equal([
      'basic 0',
      'bearer 0',
      undefined,
      'bearer 1',
    ]);
  });

  it('are met once, and listened to until the end', () => {
    const all = keepers();
    const one = keeper('basic');
    all.meet(one, [one]);
    all.meet(one, [one]);
    expect(one.listeners).to.equal(2);
    all.close();
    expect(one.listeners).to.equal(0);
  });

  it('forget, each of them', () => {
    const all = keepers();
    const [one, two] = [keeper('basic'), keeper('bearer')];
    for (const each of [one, two]) all.meet(each, [one, two]);
    all.forget({ subject: 'ada' });
    expect([one.forgotten, two.forgotten]).to.deep.equal([[{ subject: 'ada' }], [{ subject: 'ada' }]]);
  });

  it('undo the logins of whoever they proved: found in the chain, or by name among all', () => {
    const all = keepers();
    const [basicHooks, bearerHooks] = [hooks(), hooks()];
    const [basic, bearer] = [keeper('basic', basicHooks), keeper('bearer', bearerHooks)];
    const chain = [basic, bearer];
    expect(all.hooksOf('bearer 0', chain)).to.equal(bearerHooks);
    expect(all.hooksOf('basic 0', chain)).to.equal(basicHooks);
    expect(all.hooksOf('bearer 0')).to.equal(undefined);
    for (const each of chain) all.meet(each, chain);
    expect(all.hooksOf('bearer 0')).to.equal(bearerHooks);
    expect(all.hooksOf('bearer 1')).to.equal(undefined);
    expect(all.hooksOf(undefined, [keeper(undefined, hooks())])).to.equal(undefined);
  });

  it('have nothing to undo where they have no hooks, which is not the same as being unknown', () => {
    const all = keepers();
    const plain = keeper('basic');
    all.meet(plain, [plain]);
    expect(all.hooksOf('basic 0')).to.deep.equal({});
  });

  it('are nobody where two chains have one of the same name', () => {
    const all = keepers();
    const [here, there, again] = [
      keeper('basic', hooks()),
      keeper('basic', hooks()),
      keeper('basic', hooks()),
    ];
    all.meet(here, [here]);
    all.meet(there, [there]);
    expect(all.hooksOf('basic 0')).to.equal(undefined);
    all.meet(again, [again]);
    expect(all.hooksOf('basic 0')).to.equal(undefined);
    expect(all.hooksOf('basic 0', [there])).to.equal(there.hooks);
  });
});
