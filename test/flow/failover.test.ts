import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { InitializeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';

import { type BasicCredentials, mcpBasicAuth, type Principal } from '../../lib/index.js';
import { type Cluster, cluster } from '../support/cluster.js';
import { eventStore } from '../support/event-store.js';
import { gate, until } from '../support/gate.js';
import { as, bearer, guarded } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { buildServer, type Seen } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, resume, type Session } from '../support/session.js';

const ping = { jsonrpc: '2.0', id: 9, method: 'ping' };

/** The same session as its client would use it at another node. */
const at = ({ nodes: [, second] }: Cluster, session: Session): Session =>
  resume(second.url, as('ann'), session.id);

const seenBy = async (session: Session): Promise<Seen> => JSON.parse(await session.tool('whoami')) as Seen;

describe('S5 a session that another node began', () => {
  for (const enableJsonResponse of [false, true]) {
    it(`goes on here, ${enableJsonResponse ? 'with JSON' : 'with events'}: same id, same issued token, one login`, async () => {
      await using nodes = await cluster({ handler: { enableJsonResponse } });
      const [first, second] = nodes.nodes;
      const session = await begin(first.url, as('ann'));
      expect((await seenBy(session)).token).to.equal('issued 1');
      const seen = await seenBy(at(nodes, session));
      expect(seen).to.include({ subject: 'ann', current: 'ann', created: 'ann', token: 'issued 1' });
      expect(nodes.started).to.deep.equal(['ann']);
      expect([first.built, second.built]).to.deep.equal([['issued 1'], ['issued 1']]);
      expect(first.store.count.create + second.store.count.create).to.equal(1);
    });
  }

  it('goes on with the real client, whose node is gone', async () => {
    await using nodes = await cluster();
    const [first, second] = nodes.nodes;
    let url = first.url;
    const client = new Client({ name: 'client', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL('http://somewhere/mcp'), {
      requestInit: { headers: as('ann') },
      fetch: (_input, init) => fetch(url, init),
    });
    await client.connect(transport);
    const { sessionId } = transport;
    url = second.url;
    const { content } = (await client.callTool({ name: 'echo', arguments: { text: 'still here' } })) as {
      content: { text: string }[];
    };
    expect(content[0]?.text).to.equal('still here');
    expect(transport.sessionId).to.equal(sessionId);
    expect(second.runs).to.deep.equal(['echo']);
    await transport.terminateSession();
    await client.close();
    expect(nodes.ended).to.deep.equal([['ann', 'issued 1', 'deleted']]);
  });

  it('is built once for many requests at once, and by both nodes at once without harm', async () => {
    let building: Promise<void> | undefined;
    await using nodes = await cluster({ beforeBuild: async () => building });
    const [first, second] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    const there = at(nodes, session);
    const found = gate();
    building = found.opened;
    void until('all have found it', () => second.store.count.get >= 20).then(found.open, found.open);
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, (_, i) => there.tool('echo', { text: `there ${i}` })),
      ...Array.from({ length: 20 }, (_, i) => session.tool('echo', { text: `here ${i}` })),
    ]);
    expect(answers).to.deep.equal([
      ...Array.from({ length: 20 }, (_, i) => `there ${i}`),
      ...Array.from({ length: 20 }, (_, i) => `here ${i}`),
    ]);
    expect([first.built.length, second.built.length]).to.deep.equal([1, 1]);
  });

  it('A2 is a 404 for anybody else, at every node, and leaves no trace there', async () => {
    await using nodes = await cluster();
    const [first, second] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    for (const { url } of [first, second]) {
      for (const stranger of [as('eve'), bearer('eve')]) {
        const stolen = resume(url, stranger, session.id);
        expectRefusal(await stolen.send(ping), 'session_not_found');
        expectRefusal(await stolen.delete(), 'session_not_found');
        const { response } = await stolen.listen();
        expect(response.statusCode).to.equal(404);
      }
    }
    expect(second.built).to.deep.equal([]);
    expect(await session.tool('echo', { text: 'mine' })).to.equal('mine');
    expect(await at(nodes, session).tool('echo', { text: 'mine' })).to.equal('mine');
  });

  it('is a 404 where the user lets no session move, and its end closes with its node', async () => {
    await using nodes = await cluster({ handler: { failover: false } });
    const [first] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    expectRefusal(await at(nodes, session).send(ping), 'session_not_found');
    expectRefusal(await at(nodes, session).delete(), 'session_not_found');
    expect(await session.tool('echo', { text: 'here' })).to.equal('here');
    await first.mcp.close({ graceMs: 0 });
    expect(nodes.ended).to.deep.equal([['ann', 'issued 1', 'shutdown']]);
    expect(nodes.shared.records.list({})).to.deep.equal([]);
  });

  it('is a 404 at another mount than it began at', async () => {
    await using nodes = await cluster();
    const [first, second] = nodes.nodes;
    const verifier = ({ username }: BasicCredentials): Principal => ({ subject: username });
    second.served.app.use('/other', mcpBasicAuth({ verifier }), second.sessions, second.mcp);
    const session = await begin(first.url, as('ann'));
    const elsewhere = resume(new URL('/other', second.url), as('ann'), session.id);
    expectRefusal(await elsewhere.send(ping), 'session_not_found');
    expect(await at(nodes, session).tool('echo', { text: 'here' })).to.equal('here');
  });

  it('says its handshake to nobody a second time', async () => {
    const events = eventStore(true);
    await using nodes = await cluster({ handler: { eventStore: events } });
    const session = await begin(nodes.nodes[0].url, as('ann'));
    await at(nodes, session).tool('echo', { text: 'here' });
    const said = events.events.map(({ message }) => JSON.stringify(message));
    expect(said.filter((text) => text.includes('serverInfo'))).to.have.length(1);
  });

  it('has its stream here, with what its client missed and nothing of the handshake', async () => {
    const events = eventStore(true);
    await using nodes = await cluster({ handler: { eventStore: events } });
    const session = await begin(nodes.nodes[0].url, as('ann'));
    const first = await session.listen();
    await nodes.log(session.id, 'heard');
    await first.message('the first is heard', ({ method }) => method === 'notifications/message');
    const cursor = String(first.events.at(-1)?.id);
    first.drop();
    await nodes.log(session.id, 'missed');
    const there = at(nodes, session);
    const second = await there.listen({ 'last-event-id': cursor });
    expect(second.response.statusCode).to.equal(200);
    await second.message('the other is heard', ({ params }) => params?.data === 'missed');
    expect(second.messages.map(({ params }) => params?.data)).to.deep.equal(['missed']);
    expect((await there.listen()).response.statusCode).to.equal(409);
  });

  it('is told of', async () => {
    using heard = hearOf('ann');
    await using nodes = await cluster();
    const session = await begin(nodes.nodes[0].url, as('ann'));
    await at(nodes, session).tool('echo', { text: '' });
    await at(nodes, session).tool('echo', { text: '' });
    expect(heard.types().filter((type) => type.startsWith('session.'))).to.deep.equal([
      'session.started',
      'session.restored',
    ]);
  });

  for (const [why, createServer, code] of [
    ['createServer fails', () => Promise.reject(new Error('s3cret')), 'unavailable'],
    ['createServer hangs', () => new Promise<never>(() => {}), 'unavailable'],
  ] as const) {
    it(`A10 where ${why}, the request is refused, and the session stays for others`, async () => {
      await using nodes = await cluster();
      const session = await begin(nodes.nodes[0].url, as('ann'));
      const store = nodes.shared.node();
      await using broken = await guarded({
        binding: { store },
        createServer,
        handler: { createTimeoutMs: 50, onError: () => {} },
      });
      const there = resume(broken.url, as('ann'), session.id);
      for (const reply of await Promise.all([there.send(ping), there.send(ping)])) {
        expectRefusal(reply, code);
        expect(reply.text).to.not.include('s3cret');
      }
      expect(await session.tool('echo', { text: 'here' })).to.equal('here');
      expect(await at(nodes, session).tool('echo', { text: 'there' })).to.equal('there');
      expect(nodes.ended).to.deep.equal([]);
    });
  }
});

describe('S5 a node that cannot go on with a session', () => {
  it('because its server does not take the handshake any more, asks the client to begin anew', async () => {
    await using nodes = await cluster();
    const session = await begin(nodes.nodes[0].url, as('ann'));
    await using upgraded = await guarded({
      binding: { store: nodes.shared.node() },
      createServer: ({ principal }) => {
        const mcp = buildServer(principal);
        mcp.server.setRequestHandler(InitializeRequestSchema, () => {
          throw new Error('another version is needed');
        });
        return mcp;
      },
    });
    expectRefusal(await resume(upgraded.url, as('ann'), session.id).send(ping), 'session_not_found');
    expect(await session.tool('echo', { text: 'here' })).to.equal('here');
    expect(nodes.ended).to.deep.equal([]);
  });

  it('because it closes while the message comes in, says so, and leaves it to the others', async () => {
    await using nodes = await cluster();
    const session = await begin(nodes.nodes[0].url, as('ann'));
    let isAsked = false;
    const isActive = (): boolean => {
      isAsked = true;
      return true;
    };
    const store = nodes.shared.node();
    await using closing = await guarded({ binding: { store }, basic: { isActive } });
    const headers = { ...session.headers, accept: 'application/json, text/event-stream' };
    const outgoing = request(closing.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.write('{"jsonrpc":"2.0",');
    await until('its caller is known', () => isAsked);
    await until('its session is asked for', () => store.count.get > 0);
    // The store has answered then, and the handler waits for the body.
    await closing.sessions.list({});
    await closing.sessions.list({});
    await closing.mcp.close({ graceMs: 0 });
    outgoing.end('"id":9,"method":"ping"}');
    const [response] = await answered;
    expect(response.statusCode).to.equal(503);
    response.resume();
    expect(await session.tool('echo', { text: 'here' })).to.equal('here');
    expect(nodes.ended).to.deep.equal([]);
  });
});

describe('S5 a session that several nodes serve', () => {
  /** Ends it from the second node. */
  const ends: readonly (readonly [string, (nodes: Cluster, session: Session) => Promise<unknown>])[] = [
    ['deleted', (nodes, session) => at(nodes, session).delete()],
    ['revoked', ({ nodes: [, second] }, { id }) => second.sessions.revoke({ sessionId: id })],
    ['revoked', ({ nodes: [, second] }) => second.sessions.revoke({ subject: 'ann' })],
  ];
  for (const [reason, end] of ends) {
    for (const isServedThere of [false, true]) {
      for (const isDeaf of [false, true]) {
        const title = `ends everywhere, once, when it is ${reason} at one that ${isServedThere ? 'serves it' : 'does not'}${isDeaf ? ', though nobody is told' : ''}`;
        it(title, async () => {
          await using nodes = await cluster({ isPlain: isServedThere });
          const [first] = nodes.nodes;
          first.store.isDeaf = isDeaf;
          const session = await begin(first.url, as('ann'));
          const there = at(nodes, session);
          if (isServedThere) await there.tool('echo', { text: '' });
          const stream = await session.listen();
          await end(nodes, session);
          expect(await stream.ended).to.equal('end');
          expectRefusal(await session.send(ping), 'session_not_found');
          expectRefusal(await there.send(ping), 'session_not_found');
          await until('the login is undone', () => nodes.ended.length > 0, 9000);
          expect(nodes.ended).to.deep.equal([['ann', 'issued 1', reason]]);
          expect(nodes.shared.records.list({})).to.deep.equal([]);
        }).timeout(12_000);
      }
    }
  }

  it('is evicted from another node, and its login undone with what it was issued', async () => {
    await using nodes = await cluster({ binding: { maxSessionsPerPrincipal: 1 } });
    const [first, second] = nodes.nodes;
    const old = await begin(first.url, as('ann'));
    const fresh = await begin(second.url, as('ann'));
    expectRefusal(await old.send(ping), 'session_not_found');
    expect(await fresh.tool('echo', { text: 'on' })).to.equal('on');
    await until('the login is undone', () => nodes.ended.length > 0);
    expect(nodes.ended).to.deep.equal([['ann', 'issued 1', 'evicted']]);
  });

  it('is not evicted while it has a stream at another node', async () => {
    await using nodes = await cluster({ binding: { maxSessionsPerPrincipal: 1 } });
    const [first, second] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    const stream = await session.listen();
    await until('others are told that it is busy', () =>
      nodes.shared.records.list({}).some(({ busyUntil = 0 }) => busyUntil > Date.now()),
    );
    const reply = await resume(second.url, as('ann'), 'x').send({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
    });
    expectRefusal(reply, 'session_limit');
    stream.drop();
    await until('others are told that it is free', () =>
      nodes.shared.records.list({}).every(({ busyUntil = 0 }) => busyUntil <= Date.now()),
    );
    await begin(second.url, as('ann'));
  }).timeout(10_000);

  it('goes on at the others when one of them closes', async () => {
    await using nodes = await cluster();
    const [first] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    const stream = await session.listen();
    await first.mcp.close({ graceMs: 0 });
    expect(await stream.ended).to.equal('end');
    expectRefusal(await session.send(ping), 'closing');
    await first.sessions.close();
    expectRefusal(await session.send(ping), 'closing');
    expect(await at(nodes, session).tool('echo', { text: 'on' })).to.equal('on');
    expect(nodes.ended).to.deep.equal([]);
  });

  it('idles out once, when no node has been used', async () => {
    await using nodes = await cluster({ binding: { idleSeconds: 1 } });
    const session = await begin(nodes.nodes[0].url, as('ann'));
    await at(nodes, session).tool('echo', { text: '' });
    await until('it is over', () => nodes.ended.length > 0, 5000);
    expect(nodes.ended).to.deep.equal([['ann', 'issued 1', 'idle']]);
    expectRefusal(await session.send(ping), 'session_not_found');
    expectRefusal(await at(nodes, session).send(ping), 'session_not_found');
  }).timeout(10_000);

  it('is not idle where another node is used', async () => {
    await using nodes = await cluster({ binding: { idleSeconds: 2 } });
    const session = await begin(nodes.nodes[0].url, as('ann'));
    const there = at(nodes, session);
    for (let i = 0; i < 10; i += 1) {
      await there.tool('echo', { text: '' });
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    expect(nodes.ended).to.deep.equal([]);
    expect(await session.tool('echo', { text: 'on' })).to.equal('on');
  }).timeout(10_000);
});

describe('S5 a session whose node has died', () => {
  for (const isPlain of [false, true]) {
    for (const [reason, binding] of [
      ['idle', { idleSeconds: 1 }],
      ['expired', { absoluteSeconds: 1 }],
    ] as const) {
      it(`is ended once by those that are left, when it is ${reason}${isPlain ? ', with a store that has but what it must' : ''}`, async () => {
        await using nodes = await cluster({ binding, isPlain });
        const [first, second] = nodes.nodes;
        await begin(first.url, as('ann'));
        // It neither watches nor sweeps any more, and has told nobody.
        first.store.isDown = true;
        await begin(second.url, as('bob'));
        await until('both are over', () => nodes.ended.length >= 2, 14_000);
        expect(nodes.ended).to.have.deep.members([
          ['ann', 'issued 1', reason],
          ['bob', 'issued 2', reason],
        ]);
        expect(nodes.shared.records.list({})).to.deep.equal([]);
      }).timeout(20_000);
    }
  }
});

describe('S5 while the store fails', () => {
  it('D3 serves what it serves already, and nothing else', async () => {
    await using nodes = await cluster();
    const [first] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    const other = await begin(nodes.nodes[1].url, as('ann'));
    first.store.isDown = true;
    expect(await session.tool('echo', { text: 'on' })).to.equal('on');
    expectRefusal(await resume(first.url, as('eve'), session.id).send(ping), 'unavailable');
    expectRefusal(await resume(first.url, as('ann'), other.id).send(ping), 'unavailable');
    expectRefusal(await session.delete(), 'unavailable');
    first.store.isDown = false;
    expectRefusal(await session.send(ping), 'session_not_found');
    await until('its record is gone', () => nodes.ended.length > 0, 4000);
    expect(nodes.ended).to.deep.equal([['ann', 'issued 1', 'deleted']]);
    expectRefusal(await at(nodes, session).send(ping), 'session_not_found');
  }).timeout(10_000);

  it('D3 for no longer than recheckSeconds', async () => {
    await using nodes = await cluster({ binding: { recheckSeconds: 1 } });
    const [first] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    first.store.isDown = true;
    expect(await session.tool('echo', { text: 'on' })).to.equal('on');
    await until('it is known no longer', async () => (await session.send(ping)).status === 503, 3000);
    first.store.isDown = false;
    expect(await session.tool('echo', { text: 'on' })).to.equal('on');
  }).timeout(10_000);

  it('D3 refuses where the user says so', async () => {
    await using nodes = await cluster({ binding: { onStoreDown: 'refuse' } });
    const [first] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    first.store.isDown = true;
    expectRefusal(await session.send(ping), 'unavailable');
    first.store.isDown = false;
    expect(await session.tool('echo', { text: 'on' })).to.equal('on');
  });

  it('D3 a revocation that is not acknowledged has ended what is here, and is made up for', async () => {
    await using nodes = await cluster();
    const [first] = nodes.nodes;
    const session = await begin(first.url, as('ann'));
    const stream = await session.listen();
    const { delete: remove } = first.store;
    (first.store as { delete: unknown }).delete = () => Promise.reject(new Error('down'));
    let error: unknown;
    await first.sessions.revoke({ subject: 'ann' }).catch((reason) => {
      error = reason;
    });
    expect(error).to.include({ code: 'unavailable' });
    expect(await stream.ended).to.equal('end');
    expectRefusal(await session.send(ping), 'session_not_found');
    (first.store as { delete: unknown }).delete = remove;
    await until('it is made up for', () => nodes.ended.length > 0, 4000);
    expect(nodes.ended).to.deep.equal([['ann', 'issued 1', 'revoked']]);
    expectRefusal(await at(nodes, session).send(ping), 'session_not_found');
  }).timeout(10_000);
});
