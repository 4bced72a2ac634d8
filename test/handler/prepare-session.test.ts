import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import { endOnClosing, prepareSession, takeSlot } from '../../lib/handler/prepare-session.js';
import type { Proof } from '../../lib/request-state.js';
import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import { originOf } from '../../lib/sessions/origin.js';
import type { SessionRecord } from '../../lib/types.js';
import { ada, exchangeOf, fakeKeeper, slowStore, type Watched, watched } from '../sessions/support.js';
import { stopClock } from '../support/clock.js';
import { settle } from '../support/settle.js';
import { fakeContext, fakeRequest, type Making } from './support.js';

const MESSAGE = { jsonrpc: '2.0', id: 0, method: 'initialize' };
const KEY = '[null,null,"ada"]';

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (error) {
    return error instanceof McpGuardError ? error.code : String(error);
  }
};

/** A store that nodes share, and what it was given to keep at first. */
function sharedStore() {
  const created: SessionRecord[] = [];
  const store = slowStore({ shared: true });
  return {
    created,
    store: {
      ...store,
      create: (...args: Parameters<typeof store.create>) => {
        created.push(args[0]);
        return store.create(...args);
      },
    },
  };
}

function scene(making: Making = {}, options: Parameters<typeof watched>[0] = {}, proof?: Proof) {
  const fake = fakeContext(making);
  const place: Watched = watched({ store: new MemorySessionStore(), ...options });
  const { request, state } = fakeRequest(ada);
  if (proof) state.proof = proof;
  const exchange = exchangeOf(ada);
  const { registry } = place;
  const prepare = () => prepareSession(request, state, { registry, exchange }, fake.context, MESSAGE);
  return { ...fake, ...place, request, state, prepare };
}

describe('prepareSession', () => {
  it('keeps who proved it, where it is mounted, and how long its login may take', async () => {
    using _clock = stopClock();
    const { store, created } = sharedStore();
    const keeper = Object.assign(fakeKeeper(), { owner: 'a guard' });
    const hooks = { startSession: async () => {} };
    const { prepare, state, registry } = scene({}, { store }, { key: 'k', keeper, hooks });
    state.keepers.push(keeper);
    const session = await prepare();
    const [record] = created;
    expect(record && originOf(record)).to.deep.equal({
      message: MESSAGE,
      presented: ada,
      by: 'a guard 0',
      at: '/mcp ',
      loginUntil: Date.now() + 4321 + 10_000,
    });
    expect(session.proofs).to.deep.equal(['k']);
    expect(session.hooks).to.equal(hooks);
    await registry.close();
  });

  it('keeps none of that of a principal without a proof, or a login', async () => {
    for (const proof of [undefined, { key: 'k', hooks: { endSession: async () => {} } }]) {
      const { store, created } = sharedStore();
      const { prepare, registry } = scene({}, { store }, proof);
      const session = await prepare();
      const [record] = created;
      expect(record && originOf(record)).to.deep.equal({ message: MESSAGE, presented: ada, at: '/mcp ' });
      expect(session.proofs).to.deep.equal(proof ? ['k'] : []);
      await registry.close();
    }
  });

  it('lends the request what its login added, and leaves it alone where that is nothing', async () => {
    const issued = { ...ada, token: 'issued' };
    const hooks = { startSession: async () => issued };
    const login = scene({}, {}, { key: 'k', hooks });
    await login.prepare();
    expect(login.state.principal).to.include({ subject: 'ada', token: 'issued' });
    expect(login.request).to.have.property('user', login.state.principal);
    const plain = scene();
    await plain.prepare();
    expect(plain.state.principal).to.equal(ada);
    expect(plain.request).to.not.have.property('user');
    await Promise.all([login, plain].map(({ registry }) => registry.close()));
  });

  it('frees the slot where the login fails', async () => {
    const hooks = {
      startSession: () => {
        throw new McpGuardError('forbidden');
      },
    };
    const { prepare, news, registry } = scene({}, {}, { key: 'k', hooks });
    expect(await codeOf(prepare())).to.equal('forbidden');
    expect(news.map((piece) => 'reason' in piece && piece.reason)).to.deep.equal(['failed']);
    expect(await registry.list({})).to.deep.equal([]);
    await registry.close();
  });
});

describe('takeSlot', () => {
  it('says why there was none: the limit, or the store', async () => {
    const full = scene({}, { maxSessionsPerPrincipal: 1, onLimit: 'refuse' });
    await takeSlot(full.registry, ada, null, full.context);
    expect(await codeOf(takeSlot(full.registry, ada, null, full.context))).to.equal('session_limit');
    expect(full.log).to.deep.equal([{ type: 'session.refused', reason: 'session_limit', principal: KEY }]);
    const store = slowStore();
    store.breakDown('create');
    const down = scene({}, { store });
    expect(await codeOf(takeSlot(down.registry, ada, null, down.context))).to.equal('unavailable');
    expect(down.log).to.deep.equal([{ type: 'session.refused', reason: 'store_error', principal: KEY }]);
    await Promise.all([full, down].map(({ registry }) => registry.close()));
  });

  it('W25 takes none any more once the handler is closed', async () => {
    const { registry, context, closed, log, news } = scene();
    closed.abort();
    expect(await codeOf(takeSlot(registry, ada, null, context))).to.equal('closing');
    expect(log).to.deep.equal([{ type: 'session.refused', reason: 'closing', principal: KEY }]);
    expect(news.map((piece) => 'reason' in piece && piece.reason)).to.deep.equal(['shutdown']);
    expect(context.endings.size).to.equal(0);
    await registry.close();
  });
});

describe('endOnClosing', () => {
  it('W25 ends a session when its handler closes, and is forgotten when that has ended by itself', async () => {
    const { registry, context } = scene();
    const [first, second] = [await registry.create(ada, MESSAGE), await registry.create(ada, MESSAGE)];
    endOnClosing(first, registry, context);
    endOnClosing(second, registry, context);
    expect(context.endings.size).to.equal(2);
    await registry.end(first, 'deleted');
    await settle();
    expect(context.endings.size).to.equal(1);
    await Promise.all([...context.endings].map((end) => end()));
    expect(second.endReason).to.equal('shutdown');
    await settle();
    expect(context.endings.size).to.equal(0);
    await registry.close();
  });
});
