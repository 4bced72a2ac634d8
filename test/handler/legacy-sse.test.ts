import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  type BasicCredentials,
  type CreateServerContext,
  type CredentialVerifier,
  type LegacySseOptions,
  McpGuardError,
  type McpHandler,
  mcpBasicAuth,
  mcpHandler,
  mcpLegacySse,
  mcpLoginLimiter,
  mcpSessionBinding,
  type SessionBinding,
  type SessionBindingOptions,
} from '../../lib/index.js';
import { basic, call, initialize, type Reply, toolCall } from '../support/call.js';
import { textOf } from '../support/client.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { listen } from '../support/events.js';
import { type Gate, gate, until } from '../support/gate.js';
import { as } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { buildServer, type Seen } from '../support/mcp.js';
import { bad, checksOptions } from '../support/options.js';
import { expectRefusal } from '../support/refusal.js';
import { type Served, serveApp } from '../support/serve.js';
import { begin } from '../support/session.js';
import { openStream, type Stream } from '../support/stream.js';

interface Scene extends AsyncDisposable {
  readonly served: Served;
  readonly sessions: SessionBinding;
  readonly sse: McpHandler;
  readonly base: URL;
  readonly lives: string[];
}

async function scene(
  options: Partial<LegacySseOptions> = {},
  verifier: Partial<CredentialVerifier<BasicCredentials>> = {},
  binding: SessionBindingOptions = {},
): Promise<Scene> {
  const lives: string[] = [];
  const sessions = mcpSessionBinding(binding);
  const sse = mcpLegacySse({
    createServer: ({ principal }) => buildServer(principal),
    messagesPath: '/messages',
    ...options,
  });
  const createServer = ({ principal }: CreateServerContext): McpServer => buildServer(principal);
  const served = await serveApp((app) => {
    const guards = [
      mcpLoginLimiter({ points: 2 }),
      mcpBasicAuth({
        verifier: {
          verify: ({ username, password }) => (password === 'right' ? { subject: username } : null),
          startSession: ({ subject }) => void lives.push(`${subject} begins`),
          endSession: ({ subject }, { reason }) => void lives.push(`${subject} ${reason}`),
          ...verifier,
        },
      }),
      sessions,
    ];
    app.use(['/sse', '/messages'], ...guards, sse);
    app.use('/mcp', ...guards, mcpHandler({ createServer }));
  });
  return {
    served,
    sessions,
    sse,
    lives,
    base: new URL(`http://127.0.0.1:${served.port}`),
    async [Symbol.asyncDispose]() {
      await sse.close({ graceMs: 0 });
      await sessions.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

interface Opened {
  readonly stream: Stream;
  readonly id: string;
  post(body: unknown, who?: Readonly<Record<string, string>>, query?: string): Promise<Reply>;
}

const get = (base: URL, who: Readonly<Record<string, string>>): Promise<Stream> =>
  openStream(new URL('/sse', base), { method: 'GET', headers: { ...who, accept: 'text/event-stream' } });

async function open(base: URL, name: string): Promise<Opened> {
  const stream = await get(base, as(name));
  await until('it has an endpoint', () => stream.text.includes('\n\n'));
  const [, path = ''] = /^event: endpoint\ndata: (.*)\n\n/.exec(stream.text) ?? [];
  const id = new URL(path, base).searchParams.get('sessionId') ?? '';
  return {
    stream,
    id,
    post: (body, who = as(name), query = `?sessionId=${id}`) =>
      call(base, { headers: who, body, path: `/messages${query}` }),
  };
}

async function connectSse(base: URL, name: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new SSEClientTransport(new URL('/sse', base), {
    requestInit: { headers: { ...as(name) } },
  });
  await client.connect(transport);
  return client;
}

describe('mcpLegacySse', () => {
  const createServer = ({ principal }: CreateServerContext): McpServer => buildServer(principal);
  checksOptions(
    'mcpLegacySse',
    mcpLegacySse,
    { createServer, messagesPath: '/messages' },
    {
      createServer: bad.callback,
      messagesPath: [
        '',
        'messages',
        '//evil.example/x',
        'http://x/',
        '/a?b',
        '/a#b',
        '/a b',
        '/../a',
        ['/messages'],
        { toString: () => '/messages' },
        5,
        null,
      ],
      maxBodyBytes: bad.count,
      keepAliveMs: bad.milliseconds,
      createTimeoutMs: bad.milliseconds,
      onError: bad.callback,
    },
  );

  it('the official client works, each as itself', async () => {
    await using app = await scene();
    const names = ['ann', 'ben'] as const;
    const clients = await Promise.all(names.map((name) => connectSse(app.base, name)));
    const seen = await Promise.all(
      clients.map(async (client) => JSON.parse(await textOf(client, 'whoami')) as Seen),
    );
    expect(seen.map(({ created, current, subject }) => [created, current, subject])).to.deep.equal(
      names.map((name) => [name, name, name]),
    );
    expect(await app.sessions.list({})).to.have.length(2);
    await Promise.all(clients.map((client) => client.close()));
    await until('their sessions have ended', () => app.lives.length === 4);
    expect(app.lives.sort()).to.deep.equal(['ann begins', 'ann deleted', 'ben begins', 'ben deleted']);
  });

  it('A1 mints the id itself, and tells where to POST', async () => {
    await using app = await scene();
    const { stream, id } = await open(app.base, 'ann');
    expect(id).to.match(/^[\w-]{43}$/);
    expect(stream.text).to.equal(`event: endpoint\ndata: /messages?sessionId=${id}\n\n`);
    expect(stream.response.headers).to.include({ 'content-type': 'text/event-stream' });
    expect(stream.response.headers['mcp-session-id']).to.equal(undefined);
  });

  it("W7 a stranger's POST is a 404 and runs nothing", async () => {
    using heard = hearOf('eve');
    const ran: string[] = [];
    await using app = await scene({
      createServer: ({ principal }) => buildServer(principal, (tool) => ran.push(tool)),
    });
    const { post, stream } = await open(app.base, 'ann');
    expectRefusal(await post(initialize(), as('eve')), 'session_not_found');
    expectRefusal(await post(toolCall('whoami'), as('eve')), 'session_not_found');
    expect(ran).to.deep.equal([]);
    expect(stream.messages).to.deep.equal([]);
    const refusals = heard.events.filter(({ type }) => type === 'session.refused');
    expect(refusals.map((event) => 'reason' in event && event.reason)).to.deep.equal([
      'foreign_session',
      'foreign_session',
    ]);
  });

  const QUERIES: readonly [
    string,
    string,
    'session_required' | 'invalid_session_id' | 'session_not_found',
  ][] = [
    ['none', '', 'session_required'],
    ['another name', '?session=x', 'session_required'],
    ['an empty one', '?sessionId=', 'invalid_session_id'],
    ['a strange one', '?sessionId=__proto__', 'session_not_found'],
    ['an unknown one', `?sessionId=${'A'.repeat(43)}`, 'session_not_found'],
    ['one with a space', '?sessionId=a%20b', 'invalid_session_id'],
  ];
  for (const [what, query, code] of QUERIES) {
    it(`W8 A3 a POST with ${what} for its session id is ${code}`, async () => {
      await using app = await scene();
      const { post } = await open(app.base, 'ann');
      expectRefusal(await post(initialize(), as('ann'), query), code);
    });
  }

  it('C2 a POST with two session ids is refused, also with one in the header and another in the query', async () => {
    await using app = await scene();
    const [first, second] = [await open(app.base, 'ann'), await open(app.base, 'ann')];
    expectRefusal(
      await first.post(initialize(), as('ann'), `?sessionId=${first.id}&sessionId=${first.id}`),
      'invalid_session_id',
    );
    const both = { ...as('ann'), 'mcp-session-id': second.id };
    expectRefusal(await first.post(initialize(), both), 'session_not_found');
  });

  it('a client of Streamable HTTP learns that the stream is to be had by GET alone', async () => {
    await using app = await scene();
    expectRefusal(
      await call(app.base, { path: '/sse', headers: as('ann'), body: initialize() }),
      'method_not_allowed',
      { allow: 'GET' },
    );
    for (const method of ['DELETE', 'PUT', 'OPTIONS', 'PATCH']) {
      const reply = await call(app.base, { path: '/sse', method, headers: as('ann') });
      expect(reply.code, method).to.equal('method_not_allowed');
    }
    const wanting = { ...as('ann'), accept: 'application/json' };
    expectRefusal(await call(app.base, { path: '/sse', method: 'GET', headers: wanting }), 'not_acceptable');
  });

  it('its sessions are not served over Streamable HTTP, nor the other way round', async () => {
    await using app = await scene();
    const { post, id } = await open(app.base, 'ann');
    const streamable = await begin(new URL('/mcp', app.base), as('ann'));
    expectRefusal(
      await call(app.base, {
        path: '/mcp',
        headers: { ...as('ann'), 'mcp-session-id': id },
        body: toolCall('whoami'),
      }),
      'session_not_found',
    );
    expectRefusal(
      await post(toolCall('whoami'), as('ann'), `?sessionId=${streamable.id}`),
      'session_not_found',
    );
    // A query means nothing there: neither does it name a session, nor is it in the way of a new one.
    const reply = await call(app.base, {
      path: `/mcp?sessionId=${id}`,
      headers: as('ann'),
      body: initialize(),
    });
    expect(reply.status).to.equal(200);
    expect(reply.headers['mcp-session-id']).to.not.equal(id);
  });

  it('C5 refuses bodies that hold no message', async () => {
    await using app = await scene({ maxBodyBytes: 200 });
    const { post, stream } = await open(app.base, 'ann');
    for (const body of [
      '{',
      '[]',
      '5',
      '{}',
      [initialize()],
      { jsonrpc: '1.0', method: 'x' },
      { jsonrpc: '2.0', id: 1 },
    ]) {
      expectRefusal(await post(body), 'invalid_body');
    }
    expectRefusal(await post(toolCall('echo', { text: 'x'.repeat(300) })), 'body_too_large');
    expectRefusal(await post('{}', { ...as('ann'), 'content-type': 'text/plain' }), 'unsupported_media_type');
    expect(stream.messages).to.deep.equal([]);
    expect(stream.isEnded).to.equal(false);
  });

  it('does nothing for a client that is gone by the time it is asked', async () => {
    let made = 0;
    const sse = mcpLegacySse({
      createServer({ principal }) {
        made += 1;
        return buildServer(principal);
      },
      messagesPath: '/messages',
    });
    const sessions = mcpSessionBinding();
    await using served = await serveApp((app) => {
      const isGone: RequestHandler = (request, _response, next) => {
        request.socket.destroy();
        next();
      };
      app.use('/sse', mcpBasicAuth({ verifier: () => ({ subject: 'ann' }) }), sessions, isGone, sse);
    });
    const asked = { path: '/sse', method: 'GET', headers: { ...as('ann'), accept: 'text/event-stream' } };
    await call(served.url, asked).catch(() => {});
    expect([made, await sessions.list({})]).to.deep.equal([0, []]);
    await sessions.close();
  });

  it('without a binding it is a mistake of the programmer', async () => {
    const errors: unknown[] = [];
    await using served = await serveApp((app) => {
      app.use(
        '/sse',
        mcpBasicAuth({ verifier: () => ({ subject: 'ann' }) }),
        mcpLegacySse({ createServer, messagesPath: '/messages' }),
        (error: unknown, _request: unknown, response: { sendStatus(code: number): void }, _next: unknown) => {
          errors.push(error);
          response.sendStatus(500);
        },
      );
    });
    const { status } = await call(served.url, { path: '/sse', method: 'GET', headers: as('ann') });
    expect([status, errors.length]).to.deep.equal([500, 1]);
    expect(String(errors[0])).to.equal('TypeError: mcpLegacySse: mount mcpSessionBinding before it');
  });

  it('speaks in its own name, and asks for a server of the old era', async () => {
    const eras: unknown[] = [];
    await using app = await scene({
      createServer: ({ era }) => {
        eras.push(era);
        throw new Error('no server');
      },
      onError: () => {},
    });
    expect((app.sse as { name?: string }).name).to.equal('mcpLegacySse');
    using heard = listen();
    const headers = { ...as('ann'), accept: 'text/event-stream' };
    const url = new URL('/sse', app.base);
    expectRefusal(await call(url, { method: 'GET', headers }), 'unavailable');
    expect(eras).to.deep.equal(['legacy']);
    expect(
      heard.events.filter(({ type }) => type === 'server.failed').map(({ guard }) => guard),
    ).to.deep.equal(['mcpLegacySse']);
  });

  it('says what it takes: GET and POST, and a client that reads events', async () => {
    await using app = await scene();
    const url = new URL('/sse', app.base);
    const refused = await call(url, { method: 'DELETE', headers: as('ann') });
    expect([refused.code, refused.headers.allow]).to.deep.equal(['method_not_allowed', 'GET, POST']);
    const { authorization } = as('ann');
    const deaf = await call(url, { method: 'GET', headers: ['Authorization', authorization] });
    expect(deaf.code).to.equal('not_acceptable');
  });

  const FAILURES: readonly [
    string,
    Partial<LegacySseOptions>,
    Partial<CredentialVerifier<BasicCredentials>>,
    'forbidden' | 'unavailable',
  ][] = [
    [
      'createServer refuses',
      {
        createServer: () => {
          throw new McpGuardError('forbidden');
        },
      },
      {},
      'forbidden',
    ],
    [
      'createServer throws',
      {
        createServer: () => {
          throw new Error('x');
        },
      },
      {},
      'unavailable',
    ],
    [
      'createServer never answers',
      { createServer: () => new Promise(() => {}), createTimeoutMs: 50 },
      {},
      'unavailable',
    ],
    [
      'startSession throws',
      {},
      {
        startSession: () => {
          throw new Error('x');
        },
      },
      'unavailable',
    ],
    [
      'startSession refuses',
      {},
      {
        startSession: () => {
          throw new McpGuardError('forbidden');
        },
      },
      'forbidden',
    ],
  ];
  for (const [what, options, verifier, code] of FAILURES) {
    it(`A10 W14 where ${what} it is ${code}, and nothing is left`, async () => {
      await using app = await scene({ onError: () => {}, ...options }, verifier);
      const reply = await call(app.base, { path: '/sse', method: 'GET', headers: as('ann') });
      expectRefusal(reply, code);
      expect(await app.sessions.list({})).to.deep.equal([]);
      expect(app.lives).to.deep.equal(verifier.startSession ? [] : ['ann begins', 'ann failed']);
    });
  }

  for (const step of ['made', 'connected'] as const) {
    it(`W18 that is revoked while its server is ${step} is never begun, and the server is closed`, async () => {
      const [asked, held] = [gate(), gate()];
      let closed = 0;
      await using app = await scene({
        createServer: async ({ principal }) => {
          const server = buildServer(principal);
          const { connect, close } = server;
          const wait = async (): Promise<void> => {
            asked.open();
            await held.opened;
          };
          server.close = () => {
            closed += 1;
            return close.call(server);
          };
          server.connect = async (transport) => {
            if (step === 'connected') await wait();
            return connect.call(server, transport);
          };
          if (step === 'made') await wait();
          return server;
        },
      });
      const reply = call(app.base, { path: '/sse', method: 'GET', headers: as('ann') });
      await asked.opened;
      expect(await app.sessions.revoke({ subject: 'ann' })).to.equal(1);
      held.open();
      expectRefusal(await reply, 'session_not_found');
      await until('its server is closed', () => closed > 0);
      expect(app.lives).to.deep.equal(['ann begins', 'ann revoked']);
      expect(await app.sessions.list({})).to.deep.equal([]);
    });
  }

  it('W18 a message is not taken whose session ends while it comes in', async () => {
    const runs: string[] = [];
    let isAsked = false;
    await using app = await scene(
      { createServer: ({ principal }) => buildServer(principal, (tool) => runs.push(tool)) },
      {
        isActive: () => {
          isAsked = true;
          return true;
        },
      },
    );
    const { id, stream } = await open(app.base, 'ann');
    const outgoing = request(new URL(`/messages?sessionId=${id}`, app.base), {
      method: 'POST',
      headers: { ...as('ann'), 'content-type': 'application/json' },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    isAsked = false;
    outgoing.write('{"jsonrpc":"2.0",');
    // After that question nothing waits until the body is read.
    await until('its caller is known', () => isAsked);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await app.sessions.revoke({ sessionId: id })).to.equal(1);
    outgoing.end('"id":1,"method":"tools/call","params":{"name":"whoami"}}');
    const [response] = await answered;
    expect(response.statusCode).to.equal(404);
    response.resume();
    await once(response, 'end');
    await stream.ended;
    expect(runs).to.deep.equal([]);
  });

  it('W17 counts against the caps', async () => {
    await using app = await scene({}, {}, { maxSessionsPerPrincipal: 2 });
    await open(app.base, 'ann');
    await open(app.base, 'ann');
    expectRefusal(await call(app.base, { path: '/sse', method: 'GET', headers: as('ann') }), 'session_limit');
    await open(app.base, 'ben');
  });

  it('W18 W19 E3 E4 it is never idle while its stream is open, and ends with the clock and with its principal', async () => {
    using clock = stopClock();
    let isActive = true;
    await using app = await scene(
      {},
      { isActive: ({ subject }) => subject !== 'ann' || isActive },
      { idleSeconds: 10, absoluteSeconds: 1000, recheckSeconds: 5 },
    );
    const [ann, ben] = [await open(app.base, 'ann'), await open(app.base, 'ben')];
    clock.advance(100_000);
    expect([ann.stream.isEnded, ben.stream.isEnded]).to.deep.equal([false, false]);
    // What was asked meanwhile is answered first.
    await new Promise(setImmediate);
    isActive = false;
    clock.advance(5500);
    expect(await ann.stream.ended).to.equal('end');
    clock.advance(1_000_000);
    expect(await ben.stream.ended).to.equal('end');
    await until('both have ended', () => app.lives.length === 4);
    expect(app.lives.slice(2)).to.deep.equal(['ann inactive', 'ben expired']);
  });

  it('E4 ends with the time of its principal, and says so', async () => {
    using clock = stopClock();
    const expiresAt = Math.floor(Date.now() / 1000) + 60;
    await using app = await scene({}, { verify: ({ username }) => ({ subject: username, expiresAt }) });
    const { stream } = await open(app.base, 'ann');
    clock.advance(61_000);
    expect(await stream.ended).to.equal('end');
    await until('its login is undone', () => app.lives.length === 2);
    expect(app.lives).to.deep.equal(['ann begins', 'ann expired']);
  });

  it('B7 its owner is served while others have locked the account', async () => {
    await using app = await scene();
    const { post, stream } = await open(app.base, 'ann');
    for (let n = 0; n < 3; n += 1)
      await call(app.base, { path: '/sse', headers: { authorization: basic('ann', `guess ${n}`) } });
    expect((await post(initialize())).status).to.equal(202);
    const { result } = await stream.message('an answer', ({ id }) => id === 1);
    expect(result).to.include.keys('serverInfo');
  });

  it('A12 a reader that never reads is closed', async () => {
    const servers: McpServer[] = [];
    await using app = await scene({
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        servers.push(server);
        return server;
      },
    });
    const { stream, post } = await open(app.base, 'ann');
    await post(initialize());
    stream.response.pause();
    const chunk = 'x'.repeat(1_000_000);
    await until(
      'it is closed',
      async () => {
        await servers[0]?.sendLoggingMessage({ level: 'info', data: chunk }).catch(() => {});
        return (await app.sessions.list({})).length === 0;
      },
      20_000,
    );
    await until('its login is undone', () => app.lives.includes('ann deleted'));
  }).timeout(30_000);

  it('shows that it is alive', async () => {
    await using app = await scene({ keepAliveMs: 5 });
    const { stream } = await open(app.base, 'ann');
    await until('it says so', () => stream.text.includes(': keepalive\n\n'));
  });

  it('W25 closing lets calls finish, then ends the streams', async () => {
    using grace = holdTimeouts(4321);
    const waiting: Gate[] = [];
    await using app = await scene({
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          const one = gate();
          waiting.push(one);
          return one.opened;
        }),
    });
    const [ann, ben] = [await open(app.base, 'ann'), await open(app.base, 'ben')];
    for (const { post } of [ann, ben]) {
      await post(initialize());
      await post(toolCall('whoami', {}, 9));
    }
    await until('both run', () => waiting.length === 2);
    let isClosed = false;
    const closing = app.sse.close({ graceMs: 4321 }).then(() => {
      isClosed = true;
    });
    expectRefusal(await call(app.base, { path: '/sse', method: 'GET', headers: as('cal') }), 'closing');
    waiting[0]?.open();
    await until('ann has her answer', () => ann.stream.text.includes('"id":9'));
    expect(isClosed).to.equal(false);
    grace.fire();
    await closing;
    expect([await ann.stream.ended, await ben.stream.ended]).to.deep.equal(['end', 'end']);
    expect(ben.stream.text).to.not.include('"id":9');
    expect(app.lives.slice(2).sort()).to.deep.equal(['ann shutdown', 'ben shutdown']);
  });

  it('a call that was cancelled holds nothing up', async () => {
    const running = gate();
    await using app = await scene({
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          running.open();
          return new Promise(() => {});
        }),
    });
    const { post } = await open(app.base, 'ann');
    await post(initialize());
    await post(toolCall('whoami', {}, 9));
    await running.opened;
    await post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } });
    await app.sse.close({ graceMs: 60_000 });
  });
});
