import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import type { ProofKeeper } from '../../lib/request-state.js';
import type { Principal } from '../../lib/types.js';
import { ada, fakeKeeper, watched } from '../sessions/support.js';
import { cluster } from '../support/cluster.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
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
});
