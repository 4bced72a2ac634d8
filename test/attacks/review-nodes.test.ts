import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import { mcpBasicAuth, mcpHandler, mcpSessionBinding } from '../../lib/index.js';
import type { ProofKeeper } from '../../lib/request-state.js';
import type { Principal } from '../../lib/types.js';
import { ada, begin as beginHere, type Ended, fakeKeeper, slowStore, watched } from '../sessions/support.js';
import { call, initialize } from '../support/call.js';
import { cluster } from '../support/cluster.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { serveApp } from '../support/serve.js';
import { begin, resume } from '../support/session.js';
import { sharedRecords } from '../support/shared-store.js';

const ping = { jsonrpc: '2.0', id: 9, method: 'ping' };
const message = { method: 'initialize' };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function keeperOf(ended: string[], owner = 'guard'): ReturnType<typeof fakeKeeper> {
  const hooks: NonNullable<ProofKeeper['hooks']> = {
    async endSession({ subject }: Principal, { reason }) {
      ended.push(`${subject} ${reason}`);
    },
  };
  return Object.assign(fakeKeeper(), { owner, hooks });
}

describe('S5 a session that ends at an awkward moment', () => {
  it('is revoked although this node is just letting go of it', async () => {
    const shared = sharedRecords();
    const [here, there] = [watched({ store: shared.node() }), watched({ store: shared.node() })];
    const ended: string[] = [];
    const keeper = keeperOf(ended);
    there.registry.meet(keeper);
    const { id } = await here.registry.create(ada, message, { by: 'guard 0' });
    const restored = await there.registry.find(id, ada, [keeper]);
    if (!restored) throw new Error('not found');
    const closing = gate();
    restored.closeServer = () => closing.opened;
    const releasing = there.registry.release(restored);
    const revoked = there.registry.revoke({ sessionId: id });
    await sleep(20);
    closing.open();
    await releasing;
    expect(await revoked).to.equal(1);
    expect(shared.records.list({})).to.deep.equal([]);
    expect(ended).to.deep.equal(['ada revoked']);
    for (const node of [here, there]) await node.registry.close();
  });

  for (const isShared of [false, true]) {
    it(`W15 is undone once when it is evicted while it ends, ${isShared ? 'shared' : 'here alone'}`, async () => {
      const store = slowStore({ shared: isShared });
      const { registry } = watched({ store, maxSessionsPerPrincipal: 1 });
      const ended: Ended[] = [];
      const old = await beginHere(registry, ada, ended);
      const closing = gate();
      old.closeServer = () => closing.opened;
      const ending = registry.end(old, 'deleted');
      await registry.create(ada, message);
      closing.open();
      await ending;
      expect(ended).to.have.length(1);
      await registry.close();
    });
  }

  for (const how of ['handler', 'binding'] as const) {
    it(`W15 is undone once, and leaves no record, when its node closes during its login (${how})`, async () => {
      const shared = sharedRecords();
      const login = gate();
      const ended: unknown[] = [];
      await using app = await guarded({
        basic: {
          async startSession(principal) {
            await login.opened;
            return { ...principal, token: 'issued' };
          },
          async endSession({ subject, token }, { reason }) {
            ended.push([subject, token, reason]);
          },
        },
        binding: { store: shared.node() },
      });
      const reply = call(app.url, { headers: as('ann'), body: initialize(1) });
      await until('it is kept', () => shared.records.list({}).length > 0);
      const closing = how === 'handler' ? app.mcp.close({ graceMs: 0 }) : app.sessions.close();
      await sleep(20);
      login.open();
      await closing;
      expectRefusal(await reply, 'closing');
      await until('it is undone', () => ended.length > 0);
      expect(ended).to.deep.equal([['ann', 'issued', 'shutdown']]);
      expect(shared.records.list({})).to.deep.equal([]);
    });
  }

  it('is not built again from a record that was read before it was revoked here', async () => {
    const shared = sharedRecords();
    const [here, there] = [watched({ store: shared.node() }), shared.node()];
    const node = watched({ store: there });
    const { id } = await here.registry.create(ada, message);
    const reading = gate();
    const { get } = there;
    (there as { get: typeof get }).get = async (name) => {
      const record = await get(name);
      await reading.opened;
      return record;
    };
    const finding = node.registry.find(id, ada);
    await settle();
    await settle();
    expect(await node.registry.revoke({ subject: 'ada' })).to.equal(1);
    reading.open();
    expect(await finding).to.equal(undefined);
    for (const { registry } of [here, node]) await registry.close();
  });

  it('A5 stays revoked though its login ends after that, where the node that was asked could not undo it', async () => {
    const shared = sharedRecords();
    const [here, there] = [watched({ store: shared.node() }), watched({ store: shared.node() })];
    const ended: string[] = [];
    const keeper = keeperOf(ended);
    here.registry.meet(keeper);
    const session = await here.registry.create(ada, message, { by: 'guard 0' });
    expect(await there.registry.revoke({ subject: 'ada' })).to.equal(1);
    await here.registry.enrich(session, { ...ada, token: 'issued' }).catch(() => {});
    session.isStarting = false;
    expect(await here.registry.find(session.id, ada, [keeper])).to.equal(undefined);
    expect(await there.registry.find(session.id, ada)).to.equal(undefined);
    for (const { registry } of [here, there]) await registry.close();
  });

  it('is undone though its node closes while it makes up for what the store did not take', async () => {
    const store = slowStore({ shared: true });
    const { registry } = watched({ store });
    const ended: Ended[] = [];
    registry.meet(fakeKeeper());
    const session = await beginHere(registry, ada, ended);
    store.breakDown('delete');
    await registry.end(session, 'deleted');
    store.recover();
    const answer = store.delay('delete');
    await until('it is tried again', () => store.inner.list({}).length === 0, 3000);
    const closing = registry.close();
    await sleep(20);
    answer.open();
    await closing;
    expect(ended).to.have.length(1);
  });

  it('is undone by the node that removed it alone, where two revoke it at once', async () => {
    const shared = sharedRecords();
    const [here, ...others] = [0, 1, 2].map(() => watched({ store: shared.node() }));
    const ended: string[] = [];
    await here?.registry.create(ada, message, { by: 'guard 0' });
    for (const { registry } of others) registry.meet(keeperOf(ended));
    const revoked = await Promise.all(others.map(({ registry }) => registry.revoke({ subject: 'ada' })));
    expect(revoked.toSorted()).to.deep.equal([0, 1]);
    expect(ended).to.deep.equal(['ada revoked']);
    for (const node of [here, ...others]) await node?.registry.close();
  });

  it('nothing is undone by a node that has closed', async () => {
    const shared = sharedRecords();
    const node = shared.node();
    const here = watched({ store: shared.node(), absoluteSeconds: 1 });
    const there = watched({ store: node });
    const ended: string[] = [];
    await here.registry.create(ada, message, { by: 'guard 0' });
    there.registry.meet(keeperOf(ended));
    const reading = gate();
    const { overdue } = node;
    let asked = false;
    (node as { overdue: unknown }).overdue = async (which: never) => {
      const records = await overdue?.(which);
      asked ||= (records?.length ?? 0) > 0;
      await reading.opened;
      return records;
    };
    (here.store as { isDown?: boolean }).isDown = true;
    await until('it is found', () => asked, 8000);
    const closing = there.registry.close().then(() => ended.length);
    await sleep(20);
    reading.open();
    const before = await closing;
    await sleep(50);
    expect(ended.length).to.equal(before);
  }).timeout(12_000);

  it('W15 is undone once when another node ends it during its login', async () => {
    const login = gate();
    const nodes = await cluster();
    await using _ = nodes;
    const ended: unknown[] = [];
    const open = (): Promise<Awaited<ReturnType<typeof guarded>>> =>
      guarded({
        basic: {
          async startSession(principal) {
            if (principal.subject === 'ann') await login.opened;
            return { ...principal, token: 'issued' };
          },
          async endSession({ subject, token }, { reason }) {
            ended.push([subject, token, reason]);
          },
        },
        binding: { store: nodes.shared.node() },
      });
    await using first = await open();
    await using second = await open();
    await begin(second.url, as('bob'));
    const reply = call(first.url, { headers: as('ann'), body: initialize(1) });
    await until('it is kept', () => nodes.shared.records.list({ subject: 'ann' }).length > 0);
    await second.sessions.revoke({ subject: 'ann' });
    login.open();
    await reply;
    await sleep(50);
    expect(ended).to.deep.equal([['ann', 'issued', 'revoked']]);
  });
});

describe('S5 a session that cannot be built here', () => {
  it('A10 is a 503 where its server never answers the handshake', async () => {
    await using nodes = await cluster();
    const session = await begin(nodes.nodes[0].url, as('ann'));
    await using broken = await guarded({
      binding: { store: nodes.shared.node() },
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        const { connect } = server;
        server.connect = async (transport) => {
          await connect.call(server, transport);
          transport.onmessage = () => {};
        };
        return server;
      },
      handler: { createTimeoutMs: 50, onError: () => {} },
    });
    expectRefusal(await resume(broken.url, as('ann'), session.id).send(ping), 'unavailable');
    expect(await session.tool('echo', { text: 'here' })).to.equal('here');
  });

  for (const when of ['while it connects', 'closes'] as const) {
    it(`A10 goes on elsewhere where its server fails here (${when})`, async () => {
      await using nodes = await cluster();
      const session = await begin(nodes.nodes[0].url, as('ann'));
      await using broken = await guarded({
        binding: { store: nodes.shared.node() },
        createServer: ({ principal }) => {
          const server = buildServer(principal);
          const { connect } = server;
          server.connect = async (transport) => {
            await connect.call(server, transport);
            if (when === 'while it connects') throw new Error('tools could not be loaded');
            await server.close();
          };
          return server;
        },
        handler: { createTimeoutMs: 500, onError: () => {} },
      });
      expect((await resume(broken.url, as('ann'), session.id).send(ping)).status).to.equal(503);
      expect(await session.tool('echo', { text: 'here' })).to.equal('here');
      expect(nodes.ended).to.deep.equal([]);
    });
  }
});

describe('S5 a session that two nodes serve', () => {
  it('is not evicted while it has a stream at one of them, when a call at the other ends', async () => {
    await using nodes = await cluster({ binding: { maxSessionsPerPrincipal: 1 } });
    const [first, second] = nodes.nodes;
    const { records } = nodes.shared;
    const session = await begin(first.url, as('ann'));
    const there = resume(second.url, as('ann'), session.id);
    const stream = await there.listen();
    const busy = (): number => records.list({})[0]?.busyUntil ?? 0;
    await until('it is told of', () => busy() > Date.now());
    const other = await session.listen();
    const told = busy();
    await until('the other is told of, too', () => busy() > told, 4000);
    other.drop();
    await sleep(2500);
    const third = nodes.shared.node();
    await using last = await guarded({ binding: { store: third, maxSessionsPerPrincipal: 1 } });
    expectRefusal(await call(last.url, { headers: as('ann'), body: initialize(1) }), 'session_limit');
    expect(stream.isEnded).to.equal(false);
  }).timeout(15_000);

  it('has what its login added at both, whatever its claims are', async () => {
    const shared = sharedRecords();
    const seen: unknown[] = [];
    const asJson = (): ReturnType<typeof shared.node> => {
      const store = shared.node();
      const { get } = store;
      const written = async (id: string) => JSON.parse(JSON.stringify((await get(id)) ?? null)) ?? undefined;
      return Object.assign(store, { get: written });
    };
    const open = (): Promise<Awaited<ReturnType<typeof guarded>>> =>
      guarded({
        basic: {
          verify: ({ username }) => ({ subject: username, claims: { since: new Date(0), team: undefined } }),
          startSession: (principal) => ({ ...principal, claims: { ...principal.claims, row: 7 } }),
        },
        binding: { store: asJson() },
        createServer: () => {
          const server = new McpServer({ name: 'test', version: '1' });
          server.registerTool('row', {}, ({ authInfo }) => {
            seen.push((authInfo?.extra?.principal as Principal | undefined)?.claims?.row);
            return { content: [] };
          });
          return server;
        },
      });
    await using first = await open();
    await using second = await open();
    const session = await begin(first.url, as('ann'));
    await session.tool('row');
    await resume(second.url, as('ann'), session.id).tool('row');
    expect(seen).to.deep.equal([7, 7]);
  });

  it('W15 is undone where two chains share a binding, and a node that does not serve it revokes it', async () => {
    const shared = sharedRecords();
    const ended: string[] = [];
    const open = async () => {
      const sessions = mcpSessionBinding({ store: shared.node() });
      const chain = (name: string) => [
        mcpBasicAuth({
          verifier: {
            verify: ({ username }) => ({ subject: username }),
            async endSession({ subject }, { reason }) {
              ended.push(`${name} ${subject} ${reason}`);
            },
          },
        }),
        sessions,
        mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
      ];
      const served = await serveApp((app) => {
        app.use('/mcp', ...chain('users'));
        app.use('/admin', ...chain('admins'));
      });
      return { served, sessions };
    };
    const first = await open();
    const second = await open();
    await using _one = first.served;
    await using _two = second.served;
    const at = (url: URL, path: string): URL => new URL(path, url);
    for (const { served } of [first, second]) {
      for (const path of ['/mcp', '/admin']) await begin(at(served.url, path), as('bob'));
    }
    await begin(at(first.served.url, '/mcp'), as('ann'));
    await second.sessions.revoke({ subject: 'ann' });
    await until('it is undone', () => ended.length > 0, 9000);
    expect(ended).to.deep.equal(['users ann revoked']);
    for (const { sessions } of [first, second]) await sessions.close();
  }).timeout(15_000);
});

describe('S5 what the store did not take', () => {
  it('is made up for although one of it is never taken', async () => {
    const store = slowStore({ shared: true });
    const { registry } = watched({ store });
    const ended: Ended[] = [];
    registry.meet(fakeKeeper());
    const stuck = await beginHere(registry, ada, ended);
    const other = await beginHere(registry, { subject: 'bob' }, ended);
    store.breakDown('delete');
    await registry.end(stuck, 'deleted');
    await registry.end(other, 'deleted');
    store.recover();
    const { delete: remove } = store;
    (store as { delete: unknown }).delete = async (id: string, reason: 'deleted') => {
      if (id === stuck.id) throw new Error('never');
      return remove(id, reason);
    };
    await until('the other is made up for', () => ended.length > 0, 4000);
    await registry.close();
  });

  it('W15 undoes whom a creation evicted that came too late', async () => {
    const store = slowStore({ shared: true });
    const { registry } = watched({ store, maxSessionsPerPrincipal: 1 });
    const ended: Ended[] = [];
    await beginHere(registry, ada, ended);
    const answer = store.delay('create');
    const creating = registry.create(ada, message).catch((error: unknown) => error);
    expect(await creating).to.include({ code: 'unavailable' });
    answer.open();
    await until('it is undone', () => ended.length > 0, 3000);
    await registry.close();
  }).timeout(15_000);
});
