import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'chai';
import { redisSessionStore } from 'express-mcp-guards/redis';
import { createClient } from 'redis';
import { alice, bob, carol, type DemoUser } from '../src/db/demo-data.js';
import { auditRows } from './support/audit-rows.js';
import { eventually } from './support/eventually.js';
import { httpsFetch } from './support/https-fetch.js';
import { call, initializeMessage, slugsIn } from './support/mcp.js';
import { needsServices } from './support/needs.js';
import { basic, bearer } from './support/running-wiki.js';
import { MCP_TOKEN, type Node, portOf, sessionSecret, type TwoNodes, twoNodes } from './support/two-nodes.js';

const listTools = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
/** Each node looks at least this often for sessions that are over. */
const SWEEP_MS = 2000;

describe('two nodes behind nginx', function () {
  this.timeout(240_000);
  let two: TwoNodes;
  const clients: Client[] = [];

  before(async function () {
    needsServices(this, 'Two nodes', { programs: ['nginx', 'openssl', 'redis-server'], postgres: true });
    two = await twoNodes();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  after(() => two?.dispose());

  const send = (url: string | URL, init?: RequestInit): Promise<Response> =>
    (String(url).startsWith('https:') ? httpsFetch(two.nginx.certificate) : fetch)(url, init);
  const headersOf = (user: Pick<DemoUser, 'email' | 'password'>) => ({
    ...basic(user),
    'X-MCP-Token': MCP_TOKEN,
  });

  async function connect(user: DemoUser) {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', two.nginx.url), {
      requestInit: { headers: headersOf(user) },
      fetch: send,
    });
    clients.push(client);
    await client.connect(transport as Parameters<Client['connect']>[0]);
    return { client, transport, sessionId: transport.sessionId ?? '' };
  }

  const mcpHeaders = {
    Accept: 'application/json, text/event-stream',
    'Content-Type': 'application/json',
    'MCP-Protocol-Version': '2025-11-25',
  };
  /** One POST, past the SDK. */
  async function exchange(url: string, headers: Record<string, string>, message: unknown) {
    const response = await send(new URL('/mcp', url), {
      method: 'POST',
      headers: { ...mcpHeaders, ...headers },
      body: JSON.stringify(message),
    });
    return { status: response.status, text: await response.text() };
  }
  const post = async (...request: Parameters<typeof exchange>): Promise<number> =>
    (await exchange(...request)).status;

  /** The first that a client is sent which lost its stream after this event. */
  async function resumed(headers: Record<string, string>, lastEvent: string): Promise<string> {
    const response = await send(new URL('/mcp', two.nginx.url), {
      headers: { ...mcpHeaders, ...headers, 'Last-Event-ID': lastEvent },
    });
    expect(response.status).to.equal(200);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const { value = '' } = (await reader?.read()) ?? {};
    await reader?.cancel();
    return value;
  }

  const askIn = (sessionId: string, user: DemoUser, url: string): Promise<number> =>
    post(url, { ...headersOf(user), 'Mcp-Session-Id': sessionId }, listTools);
  const everywhere = (): readonly string[] => [two.nginx.url, ...two.nodes.map(({ url }) => url)];

  function nodeAt(port: number): Node {
    const found = two.nodes.find((node) => node.port === port);
    if (!found) throw new Error(`no node listens on ${port}`);
    return found;
  }

  /** The access token that the login of this session issued, as Redis keeps it for all nodes. */
  async function issuedTo(sessionId: string): Promise<string | undefined> {
    const client = createClient({ url: two.redis.url });
    await client.connect();
    try {
      const store = redisSessionStore({ client, prefix: 'wiki', secret: sessionSecret });
      return (await store.get(sessionId))?.principal.token;
    } finally {
      client.destroy();
    }
  }

  /** Counts the times that a session was said to be over, those that changed no row included. */
  async function countEndings(): Promise<() => Promise<number>> {
    await two.database.exec(`
      create table endings (at timestamptz);
      create function note_ending() returns trigger language plpgsql
        as 'begin insert into endings values (now()); return null; end';
      create trigger note_endings after update on mcp_sessions for each statement execute function note_ending();`);
    return async () => (await two.database.query('select at from endings')).length;
  }

  async function edit(client: Client, slug: string, body: string): Promise<void> {
    const { data } = await call(client, 'read_page', { slug });
    const answer = await call(client, 'edit_page', { slug, body, expectedRevision: data.revision });
    expect(answer.isError, answer.text).to.equal(false);
  }

  /** Each node in turn, but those that nginx leaves alone for now. */
  const askedNext = (): Promise<number> => portOf(two, () => post(two.nginx.url, {}, listTools));

  it('spread new sessions over both', async () => {
    const ports = new Set<number>();
    for (const user of [alice, bob, carol, alice]) {
      ports.add(await portOf(two, () => post(two.nginx.url, headersOf(user), initializeMessage)));
    }
    expect(ports.size).to.equal(2);
    await two.database.exec('delete from mcp_sessions');
  });

  it('go on with the sessions of one that was killed', async () => {
    const endings = await countEndings();
    const [asAlice, asBob] = [await connect(alice), await connect(bob)];
    expect(slugsIn(await call(asAlice.client, 'list_pages'))).to.include('incident-notes');
    expect(slugsIn(await call(asBob.client, 'list_pages'))).not.to.include('incident-notes');
    const tokens = [await issuedTo(asAlice.sessionId), await issuedTo(asBob.sessionId)];
    expect(new Set(tokens).size).to.equal(2);
    for (const url of everywhere()) expect(await askIn(asAlice.sessionId, bob, url), url).to.equal(404);

    const asAliceRaw = { ...headersOf(alice), 'Mcp-Session-Id': asAlice.sessionId };
    const { text } = await exchange(two.nginx.url, asAliceRaw, listTools);
    const [, firstEvent = ''] = /^id: (.+)$/m.exec(text) ?? [];

    const serving = nodeAt(await portOf(two, () => call(asAlice.client, 'list_pages')));
    await serving.kill();
    expect(await resumed(asAliceRaw, firstEvent), 'what a client has missed').to.include('edit_page');
    expect(slugsIn(await call(asAlice.client, 'list_pages'))).to.include('incident-notes');
    expect(slugsIn(await call(asBob.client, 'list_pages'))).not.to.include('incident-notes');
    await edit(asAlice.client, 'incident-notes', 'Alice, after the failover');
    await edit(asBob.client, 'retro', 'Bob, after the failover');
    expect((await call(asBob.client, 'read_page', { slug: 'incident-notes' })).isError).to.equal(true);
    expect(asAlice.transport.sessionId).to.equal(asAlice.sessionId);
    expect([await issuedTo(asAlice.sessionId), await issuedTo(asBob.sessionId)]).to.deep.equal(tokens);
    expect(await askIn(asAlice.sessionId, bob, two.nginx.url)).to.equal(404);
    expect(
      await two.database.query(
        `select slug, email from page_revisions join users on users.id = author_id join pages on pages.id = page_id
         where summary = '' order by slug`,
      ),
    ).to.deep.equal([
      { slug: 'incident-notes', email: alice.email },
      { slug: 'retro', email: bob.email },
    ]);
    expect(await auditRows(two.database), 'no second login').to.deep.equal([
      { email: alice.email, method: 'basic', ended: false, reason: null },
      { email: bob.email, method: 'basic', ended: false, reason: null },
    ]);

    await serving.start();
    expect(await askIn(asAlice.sessionId, alice, serving.url), 'goes on where it was').to.equal(200);
    for (const url of everywhere()) expect(await askIn(asAlice.sessionId, bob, url), url).to.equal(404);
    await asAlice.transport.terminateSession();
    await new Promise((resolve) => setTimeout(resolve, SWEEP_MS));
    for (const url of everywhere()) expect(await askIn(asAlice.sessionId, alice, url), url).to.equal(404);
    expect(await endings()).to.equal(1);
    expect(await auditRows(two.database)).to.deep.equal([
      { email: alice.email, method: 'basic', ended: true, reason: 'deleted' },
      { email: bob.email, method: 'basic', ended: false, reason: null },
    ]);
    await asBob.transport.terminateSession();
  });

  it('are stopped one by one without a client that notices', async () => {
    await eventually('nginx asks both nodes, also the one that was away', async () => {
      const ports = new Set([await askedNext(), await askedNext()]);
      return ports.size === 2;
    });
    const [asAlice, asBob] = [await connect(alice), await connect(bob)];
    const serving = nodeAt(await portOf(two, () => call(asAlice.client, 'list_pages')));
    let isOver = false;
    let calls = 0;
    const keepCalling = async ({ client }: typeof asAlice): Promise<void> => {
      for (; !isOver; calls += 1) expect((await call(client, 'list_pages')).isError).to.equal(false);
    };
    const calling = Promise.all([asAlice, asAlice, asAlice, asBob, asBob, asBob].map(keepCalling));
    const stopping = async (): Promise<void> => {
      serving.run.child.kill('SIGTERM');
      expect(await serving.run.exitCode).to.equal(0);
      const whenStopped = calls;
      await eventually('more calls', async () => calls > whenStopped + 50);
    };
    await Promise.all([calling, stopping().finally(() => (isOver = true))]);
    expect(serving.run.output()).to.include('SIGTERM: stopping').and.not.to.match(/error/i);
    for (const { sessionId } of [asAlice, asBob]) expect(await issuedTo(sessionId)).to.be.a('string');
    await serving.start();
  });

  it('outlive a Redis that dies, and go on with what it kept', async () => {
    const { client, sessionId } = await connect(alice);
    const token = (await issuedTo(sessionId)) ?? '';
    await two.redis.kill();
    const rest = await send(new URL('/api/pages', two.nginx.url), { headers: bearer(token) });
    expect(rest.status).to.equal(200);
    await rest.text();
    for (const url of everywhere()) {
      expect(await post(url, headersOf({ ...bob, password: 'new here' }), initializeMessage), url).to.equal(
        503,
      );
    }
    await two.redis.start();
    await eventually('both nodes say that Redis is back', async () =>
      two.nodes.every(({ run }) => run.output().includes('is back')),
    );
    expect((await call(client, 'list_pages')).isError).to.equal(false);
    for (const { run } of two.nodes) {
      expect(run.child.exitCode).to.equal(null);
      expect(run.output().match(/is away/g)).to.have.length(1);
    }
  });

  it('count failed logins together, and by the address that nginx saw', async () => {
    const statuses: number[] = [];
    for (let n = 1; n <= 6; n++) {
      const headers = {
        ...headersOf({ ...carol, password: `guess ${n}` }),
        'X-Forwarded-For': `192.0.2.${n}`,
        Forwarded: `for=192.0.2.${n}`,
      };
      statuses.push(await post(two.nginx.url, headers, initializeMessage));
    }
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429]);
  });
});
