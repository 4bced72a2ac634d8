import { once } from 'node:events';
import { createServer as createHttpServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as McpServer2 } from '@modelcontextprotocol/server';
import { expect } from 'chai';

import {
  type BasicCredentials,
  type CredentialVerifier,
  type LegacySseOptions,
  MemorySessionStore,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpForwardedCredentials,
  mcpHandler,
  mcpLegacySse,
  mcpSessionBinding,
  type SessionBinding,
  type SessionBindingOptions,
  type SessionStore,
} from '../../lib/index.js';
import { type Call, call, initialize, type Reply, toolCall } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { as, bearer, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { catchRejections } from '../support/rejections.js';
import { serve, serveApp } from '../support/serve.js';
import { begin } from '../support/session.js';
import { openStream, type Stream } from '../support/stream.js';
import { buildServer as buildServer2, guardedV2, modern, modernTool } from '../v2/support.js';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const never = new Promise<never>(() => {});
const LISTEN = (who: string): Call =>
  modern(as(who), 'subscriptions/listen', { notifications: { toolsListChanged: true } }, 'sub');
const WHOAMI = (who: string): Call => modern(as(who), 'tools/call', { name: 'whoami', arguments: {} });

/** A request as bytes, to be sent right behind another. */
function wire({ headers, body }: Call): string {
  const text = JSON.stringify(body);
  const all = {
    host: '127.0.0.1',
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...(headers as Record<string, string>),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`;
}

/** Sends requests back to back on one connection; the first is never answered, so the others wait in Node's queue. */
function pipeline(port: number, ...calls: readonly Call[]): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(calls.map(wire).join('')));
  return socket.on('error', () => {});
}

/** A memory store whose answers are late: as if over a network. */
function remote(delayMs: number): SessionStore {
  const store = new MemorySessionStore();
  const late = async <T>(answer: T): Promise<T> => {
    await sleep(delayMs);
    return answer;
  };
  return {
    create: (record, limits) => late(store.create(record, limits)),
    get: (id) => late(store.get(id)),
    update: (id, changes) => late(store.update(id, changes)),
    delete: (id) => late(store.delete(id)),
    list: (filter) => late(store.list(filter)),
  };
}

interface SseScene extends AsyncDisposable {
  readonly url: URL;
  readonly port: number;
  readonly sessions: SessionBinding;
  readonly nexts: unknown[];
  readonly ends: string[];
}

async function sseScene(
  options: Partial<LegacySseOptions> = {},
  verifier: Partial<CredentialVerifier<BasicCredentials>> = {},
  binding: SessionBindingOptions = {},
): Promise<SseScene> {
  const nexts: unknown[] = [];
  const ends: string[] = [];
  const sessions = mcpSessionBinding(binding);
  const sse = mcpLegacySse({
    messagesPath: '/messages',
    createServer: ({ principal }) => buildServer(principal),
    ...options,
  });
  const auth = mcpBasicAuth({
    verifier: {
      verify: ({ username, password }) => (password === 'right' ? { subject: username } : null),
      endSession: (_principal, { reason }) => void ends.push(reason),
      ...verifier,
    },
  });
  const served = await serveApp((app) => {
    app.use(['/sse', '/messages'], auth, sessions, sse);
    app.use((error: unknown, _request: unknown, _response: unknown, next: (error: unknown) => void) => {
      nexts.push(error);
      next(error);
    });
  });
  return {
    url: new URL(`http://127.0.0.1:${served.port}/sse`),
    port: served.port,
    sessions,
    nexts,
    ends,
    async [Symbol.asyncDispose]() {
      await sse.close({ graceMs: 0 });
      await sessions.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

const GET = (who: string): Call => ({ method: 'GET', headers: { ...as(who), accept: 'text/event-stream' } });

async function openSse(url: URL, who: string): Promise<{ stream: Stream; path: string }> {
  const stream = await openStream(url, GET(who));
  await until('the endpoint is told', () => /^data: /m.test(stream.text));
  const path = /^data: (.*)$/m.exec(stream.text)?.[1] ?? '';
  await call(url, { path, headers: as(who), body: initialize(0) });
  return { stream, path };
}

/** Whom only unhandled rejections would kill; the suite's own listener, which throws, stands aside. */
async function rejectionsOf(work: () => Promise<void>): Promise<readonly unknown[]> {
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  using rejections = catchRejections();
  try {
    await work();
    await sleep(50);
    return rejections.reasons;
  } finally {
    for (const other of others) process.on('unhandledRejection', other);
  }
}

describe('what a reviewer of the new ways tried', () => {
  describe('a process that dies', () => {
    it('A12 an HTTP+SSE reader that does not read, while the SDK tells of a new tool by itself', async () => {
      let learnt = 0;
      await using app = await sseScene({
        onError: () => {},
        createServer: ({ principal }) => {
          const server = buildServer(principal);
          server.registerTool('learn', {}, () => {
            learnt += 1;
            server.registerTool(`learnt${learnt}`, {}, () => ({ content: [] }));
            return { content: [] };
          });
          return server;
        },
      });
      const reasons = await rejectionsOf(async () => {
        let head = '';
        const socket = connect(app.port, '127.0.0.1').on('error', () => {});
        socket.on('data', (chunk) => {
          head += String(chunk);
          if (/sessionId=\S{43}/.test(head)) socket.pause();
        });
        const { authorization } = as('ann');
        socket.write(
          `GET /sse HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nauthorization: ${authorization}\r\n\r\n`,
        );
        await until('the session is there', () => /sessionId=\S{43}/.test(head));
        const path = `/messages?sessionId=${/sessionId=(\S{43})/.exec(head)?.[1]}`;
        const post = (body: unknown): Promise<Reply> => call(app.url, { path, headers: as('ann'), body });
        await post(initialize(0));
        await post({ jsonrpc: '2.0', method: 'notifications/initialized' });
        for (let round = 0, status = 202; round < 40 && status === 202; round += 1) {
          await post(toolCall('echo', { text: 'x'.repeat(900_000) }, `e${round}` as unknown as number));
          const calls = Array.from({ length: 20 }, (_, n) =>
            post({ ...toolCall('learn'), id: `${round}.${n}` }),
          );
          status = (await Promise.all(calls))[0]?.status ?? 0;
        }
        socket.destroy();
      });
      expect(reasons).to.deep.equal([]);
    });

    for (const era of ['v1', 'v2'] as const) {
      it(`D3 an event store that fails while the SDK tells of a new tool by itself (${era})`, async () => {
        let isDown = false;
        const servers: { sendToolListChanged(): void }[] = [];
        const eventStore = {
          storeEvent: async () => {
            if (isDown) throw new Error('down');
            return `e${Math.random()}`;
          },
          replayEventsAfter: async () => 'none',
        };
        const keep = <S extends { sendToolListChanged(): void }>(server: S): S => {
          servers.push(server);
          return server;
        };
        const handler = { eventStore, onError: () => {} };
        await using app =
          era === 'v1'
            ? await guarded({ handler, createServer: ({ principal }) => keep(buildServer(principal)) })
            : await guardedV2({ handler, createServer: (context) => keep(buildServer2(context)) });
        const session = await begin(app.url, as('ann'));
        const stream = await session.listen();
        const reasons = await rejectionsOf(async () => {
          isDown = true;
          servers[0]?.sendToolListChanged();
        });
        stream.drop();
        expect(reasons).to.deep.equal([]);
      });
    }
  });

  describe('pipelined requests: Node never closes an answer that waits in its queue', () => {
    it('E6 W17 a client that is gone gives its subscription’s slot back', async () => {
      await using app = await guardedV2({ createServer: (context) => buildServer2(context, () => never) });
      const socket = pipeline(app.served.port, WHOAMI('ann'), LISTEN('ann'));
      await until('the slot is taken', async () => (await app.sessions.list()).length === 1);
      socket.destroy();
      await sleep(1500);
      expect(await app.sessions.list()).to.have.length(0);
    });

    it('E3 W18 a session whose client is gone becomes idle', async () => {
      await using app = await guarded({
        binding: { idleSeconds: 0.5 },
        createServer: ({ principal }) => buildServer(principal, () => never),
      });
      const session = await begin(app.url, as('ann'));
      const ping = {
        headers: session.headers,
        body: { jsonrpc: '2.0', method: 'notifications/initialized' },
      };
      const socket = pipeline(
        app.served.port,
        { headers: session.headers, body: toolCall('whoami', {}, 1) },
        ping,
      );
      await sleep(200);
      socket.destroy();
      await sleep(100);
      await session.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
      await sleep(2000);
      expect(await app.sessions.list()).to.have.length(0);
    });

    for (const isQueued of [false, true]) {
      it(`E4 no tool runs for who was revoked while the server was made (${isQueued ? 'queued' : 'alone'})`, async () => {
        const ran: string[] = [];
        const made = gate();
        await using app = await guardedV2({
          createServer: async (context) => {
            const { subject } = context.principal;
            if (subject === 'ann') await made.opened;
            return buildServer2(context, () => {
              ran.push(subject);
              return subject === 'ben' ? never : undefined;
            });
          },
        });
        const socket = pipeline(app.served.port, ...(isQueued ? [WHOAMI('ben')] : []), WHOAMI('ann'));
        await sleep(200);
        await app.sessions.revoke({ subject: 'ann' });
        await sleep(200);
        made.open();
        await sleep(200);
        socket.destroy();
        expect(ran).to.deep.equal(isQueued ? ['ben'] : []);
      });
    }

    it('E6 an answer in the queue whose principal’s time is up collects no listeners', async () => {
      await using app = await guarded({
        bearer: { verify: ({ token }) => ({ subject: token, expiresAt: Date.now() / 1000 + 0.5 }) },
        createServer: ({ principal }) => buildServer(principal, () => never),
      });
      let listeners = 0;
      app.served.server.prependListener('request', (incoming, response) => {
        if (incoming.headers['x-watched'])
          setTimeout(() => (listeners = response.listenerCount('close')), 3500);
      });
      const session = await begin(app.url, as('ann'));
      const socket = pipeline(
        app.served.port,
        { headers: session.headers, body: toolCall('whoami', {}, 1) },
        { headers: { ...bearer('carl'), 'x-watched': '1' }, body: initialize() },
      );
      await sleep(4000);
      socket.destroy();
      expect(listeners).to.be.lessThan(8);
    });
  });

  describe('a client that is gone while something is awaited', () => {
    /** How often `isActive` is asked in a second in which nobody is connected. */
    const askedAfter = async (count: () => number): Promise<number> => {
      await sleep(700);
      const before = count();
      await sleep(1000);
      return count() - before;
    };
    const hangUp = async (url: URL, request: Call): Promise<void> => {
      const controller = new AbortController();
      const reply = call(url, { ...request, signal: controller.signal }).catch(() => {});
      await sleep(60);
      controller.abort();
      await reply;
    };

    it('E6 HTTP+SSE: createServer. Nothing is left under watch', async () => {
      let asked = 0;
      const isActive = (): boolean => {
        asked += 1;
        return true;
      };
      await using app = await sseScene(
        {
          createServer: async ({ principal }) => {
            await sleep(200);
            return buildServer(principal);
          },
        },
        { isActive },
        { recheckSeconds: 0.25 },
      );
      await hangUp(app.url, GET('ann'));
      expect(await askedAfter(() => asked)).to.equal(0);
    });

    it('E6 subscriptions/listen: the store. Nothing is left under watch', async () => {
      let asked = 0;
      const isActive = (): boolean => {
        asked += 1;
        return true;
      };
      await using app = await guardedV2({
        basic: { isActive },
        binding: { recheckSeconds: 0.25, store: remote(200) },
      });
      await hangUp(app.url, LISTEN('ann'));
      expect(await askedAfter(() => asked)).to.equal(0);
    });

    for (const what of ['hangs up', 'is revoked'] as const) {
      it(`E6 A10 HTTP+SSE: connect. A client that ${what} leaves no connected server`, async () => {
        const servers: McpServer[] = [];
        const connecting = gate();
        await using app = await sseScene({
          createServer: ({ principal }) => {
            const server = buildServer(principal);
            const real = server.connect.bind(server);
            server.connect = async (transport) => {
              await connecting.opened;
              await real(transport);
            };
            servers.push(server);
            return server;
          },
        });
        const controller = new AbortController();
        const reply = call(app.url, { ...GET('ann'), signal: controller.signal }).catch(() => {});
        await until('it connects', () => servers.length === 1);
        await sleep(50);
        if (what === 'hangs up') controller.abort();
        else await app.sessions.revoke({ subject: 'ann' });
        await reply;
        await sleep(100);
        connecting.open();
        await sleep(100);
        expect(app.nexts.map(String)).to.deep.equal([]);
        expect(servers[0]?.isConnected()).to.equal(false);
      });
    }
  });

  describe('A10 a server that cannot be connected over HTTP+SSE', () => {
    it('is 503, told to onError, and no error of the app', async () => {
      const told: unknown[] = [];
      await using app = await sseScene({
        onError: (error) => void told.push(error),
        createServer: ({ principal }) => {
          const server = buildServer(principal);
          server.connect = () => Promise.reject(new Error('postgres://user:secret@db'));
          return server;
        },
      });
      const reply = await call(app.url, GET('ann'));
      expect(app.nexts.map(String)).to.deep.equal([]);
      expect(told.map(String)).to.deep.equal(['Error: postgres://user:secret@db']);
      expectRefusal(reply, 'unavailable');
      expect(app.ends).to.deep.equal(['failed']);
    });
  });

  describe('W25 E7 closing, and requests of 2026-07-28', () => {
    it('resolves although a server is made after the grace whose tool hangs', async () => {
      const made = gate();
      let ran = 0;
      const app = await guardedV2({
        createServer: async (context) => {
          await made.opened;
          return buildServer2(context, () => {
            ran += 1;
            return never;
          });
        },
      });
      const reply = modernTool(app.url, as('ann'), 'whoami').catch(() => undefined);
      await sleep(150);
      const closing = app.mcp.close({ graceMs: 0 }).then(() => 'closed');
      await sleep(50);
      made.open();
      const outcome = await Promise.race([closing, sleep(3000).then(() => 'hangs')]);
      app.served.server.closeAllConnections();
      await app[Symbol.asyncDispose]();
      expect(outcome).to.equal('closed');
      expect(ran).to.equal(0);
      expect((await reply)?.code).to.equal('closing');
    });

    it('a call that outlasts the grace is told so', async () => {
      await using app = await guardedV2({ createServer: (context) => buildServer2(context, () => never) });
      const reply = modernTool(app.url, as('ann'), 'whoami');
      await sleep(150);
      await app.mcp.close({ graceMs: 0 });
      expectRefusal(await reply, 'closing');
    });

    it('a body that comes in after the end is told so', async () => {
      await using app = await guardedV2();
      const { headers, body } = WHOAMI('ann');
      const text = JSON.stringify(body);
      const outgoing = request({
        ...{ host: '127.0.0.1', port: app.served.port, path: '/mcp', method: 'POST', agent: false },
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'content-length': text.length,
          ...(headers as Record<string, string>),
        },
      });
      outgoing.write(text.slice(0, 9));
      const answered = once(outgoing, 'response');
      await sleep(150);
      await app.mcp.close({ graceMs: 0 });
      outgoing.end(text.slice(9));
      const [response] = await answered;
      response.resume();
      expect(response.statusCode).to.equal(503);
    });
  });

  describe('F1 a Host with user information', () => {
    const HOST = { host: 'user:password@host' };

    it('2026-07-28: no error of the app', async () => {
      await using app = await guardedV2();
      const { headers, body } = WHOAMI('ann');
      const reply = await call(app.url, { headers: { ...(headers as object), ...HOST }, body });
      expect(reply.status).to.be.lessThan(500);
      expect(reply.text).not.to.contain('password');
    });

    it('2025-11-25 on v2: nothing of it is echoed', async () => {
      await using app = await guardedV2();
      const session = await begin(app.url, as('ann'));
      const reply = await session.send(toolCall('whoami'), HOST);
      expect(reply.text).not.to.contain('password');
    });

    it('HTTP+SSE: no error of the app, whose text holds the session id', async () => {
      await using app = await sseScene();
      const { stream, path } = await openSse(app.url, 'ann');
      const reply = await call(app.url, {
        path,
        headers: { ...as('ann'), ...HOST },
        body: toolCall('whoami'),
      });
      stream.drop();
      expect(app.nexts.map(String)).to.deep.equal([]);
      expect(reply.status).to.be.lessThan(500);
    });
  });

  it('W28 F1 HTTP+SSE on v2: the URL that tools see holds no session id', async () => {
    let seen: string | undefined;
    await using app = await sseScene({
      createServer: () => {
        const server = new McpServer2({ name: 'test', version: '1' });
        server.registerTool('look', {}, ({ http }) => {
          seen = http?.req?.url;
          return { content: [] };
        });
        return server;
      },
    });
    const { stream, path } = await openSse(app.url, 'ann');
    await call(app.url, { path, headers: as('ann'), body: toolCall('look') });
    await until('the tool has run', () => seen);
    stream.drop();
    expect(seen).not.to.contain(path.split('=')[1]);
  });

  it('W17 neither a stream that opens nor a session that starts makes room for another', async () => {
    await using app = await guardedV2({ binding: { maxSessionsPerPrincipal: 2, store: remote(30) } });
    const streams = await Promise.all(Array.from({ length: 4 }, () => openStream(app.url, LISTEN('ann'))));
    await sleep(200);
    const open = streams.filter(({ response, isEnded }) => response.statusCode === 200 && !isEnded).length;
    const statuses = streams.map(({ response }) => response.statusCode).sort();
    for (const stream of streams) stream.drop();
    expect([statuses, open]).to.deep.equal([[200, 200, 503, 503], 2]);
  });

  it('W29 nothing that a request brought is left after the session’s end, however the session began', async () => {
    let hits = 0;
    const upstream = createHttpServer((_, response) => {
      hits += 1;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const sessions = mcpSessionBinding();
    const work = gate();
    let done = false;
    await using served = await serve(
      mcpBearerAuth({ verifier: ({ token }) => ({ subject: token }) }),
      mcpForwardedCredentials({
        headers: ['x-key'],
        upstream: [origin],
        identify: (headers) => ({ subject: String(headers['x-key']) }),
      }),
      sessions,
      mcpHandler({
        createServer: ({ principal, credentials }) => {
          const server = buildServer(principal);
          server.registerTool('up', {}, async () => {
            await work.opened;
            await credentials.fetch(origin).catch(() => {});
            done = true;
            return { content: [] };
          });
          return server;
        },
      }),
    );
    const session = await begin(served.url, bearer('ann'));
    const headers = { 'x-key': 'ann', 'mcp-session-id': session.id, 'mcp-protocol-version': '2025-11-25' };
    const reply = call(served.url, { headers, body: toolCall('up') });
    await sleep(150);
    await sessions.revoke({ subject: 'ann' });
    await reply;
    work.open();
    await until('the tool has tried', () => done);
    upstream.close();
    expect(hits).to.equal(0);
  });

  it('W15 an HTTP+SSE session that ends with its principal’s time ends as expired', async () => {
    await using app = await sseScene(
      {},
      { verify: ({ username }) => ({ subject: username, expiresAt: Date.now() / 1000 + 0.5 }) },
    );
    const stream = await openStream(app.url, GET('ann'));
    await stream.ended;
    await until('it has ended', () => app.ends.length === 1);
    expect(app.ends).to.deep.equal(['expired']);
  });

  it('A5 a request of 2026-07-28 does not touch the session that it names', async () => {
    await using app = await guardedV2({
      bearer: { verify: ({ token }) => ({ subject: 'ann', scopes: token === 'full' ? ['admin'] : [] }) },
    });
    const session = await begin(app.url, bearer('full'));
    const { headers, body } = modern(bearer('less'), 'tools/call', { name: 'whoami', arguments: {} });
    await call(app.url, { headers: { ...(headers as object), 'mcp-session-id': session.id }, body });
    expect((await session.send({ jsonrpc: '2.0', id: 9, method: 'ping' })).status).to.equal(200);
  });

  it('A2 an answer that claims to be of 2026-07-28 is no reason to pass without a session', async () => {
    await using app = await guardedV2();
    const session = await begin(app.url, as('ben'));
    const params = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
    const reply = await call(app.url, {
      headers: { ...as('ann'), 'mcp-session-id': session.id },
      body: { jsonrpc: '2.0', id: 1, result: {}, params },
    });
    expectRefusal(reply, 'session_not_found');
  });

  it('D6 an onError that throws changes nothing', async () => {
    await using app = await guarded({
      handler: {
        onError: () => {
          throw new Error('the listener');
        },
      },
    });
    const session = await begin(app.url, as('ann'));
    const reply = await session.send(toolCall('whoami'), { 'mcp-protocol-version': '1999-01-01' });
    expect(reply.status).to.equal(400);
  });

  it('E1 one HTTP+SSE session does not run calls without number', async () => {
    let running = 0;
    await using app = await sseScene({
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          running += 1;
          return never;
        }),
    });
    const { stream, path } = await openSse(app.url, 'ann');
    const statuses = new Set<number>();
    for (let id = 1; id <= 2000; id += 1) {
      statuses.add(
        (await call(app.url, { path, headers: as('ann'), body: toolCall('whoami', {}, id) })).status,
      );
    }
    stream.drop();
    expect(running).to.be.lessThan(2000);
    expect([...statuses]).to.include(503);
  }).timeout(30_000);
});
