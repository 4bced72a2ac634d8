import { type ClientRequest, request } from 'node:http';

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { InitializeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  MemoryLoginStore,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
} from '../../lib/index.js';
import { basic, call, initialize, toolCall } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { serve, serveApp } from '../support/serve.js';
import { begin } from '../support/session.js';
import { tell } from '../support/tell.js';

const rightIsRight = ({ username, password }: { username: string; password: string }) =>
  password === 'right' ? { subject: username } : null;

/** POSTs the head and a first piece of a body; the rest waits. */
function beginPost(url: URL, headers: Readonly<Record<string, string>>, length: number): ClientRequest {
  const outgoing = request({
    host: url.hostname,
    port: url.port,
    path: url.pathname,
    method: 'POST',
    agent: false,
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'content-length': length,
      connection: 'keep-alive',
      ...headers,
    },
  });
  outgoing.on('error', () => {});
  return outgoing;
}

describe('what an auditor tried', () => {
  it('an initialize that names a session of one’s own begins with nothing of that session’s login', async () => {
    const given: unknown[] = [];
    let logins = 0;
    await using endpoint = await guarded({
      basic: {
        startSession: (principal) => {
          given.push([principal.token, principal.scopes]);
          logins += 1;
          return logins === 1 ? { ...principal, token: 'issued', scopes: ['extra'] } : undefined;
        },
      },
    });
    const first = await begin(endpoint.url, as('ann'));
    const reply = await first.send(initialize());
    expect(reply.status).to.equal(200);
    const second = String(reply.headers['mcp-session-id']);
    expect(given).to.deep.equal([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    const headers = { ...as('ann'), 'mcp-session-id': second };
    expect((await call(endpoint.url, { headers, body: toolCall('whoami') })).status).to.equal(200);
  });

  it('whom toPrincipal refuses is not let in by the default subject', async () => {
    let answer: unknown = null;
    await using served = await serve(
      mcpBearerAuth({
        verifier: {
          verifyAccessToken: async (token: string) => ({
            token,
            clientId: 'c',
            scopes: [],
            extra: { sub: 'mallory' },
          }),
        },
        toPrincipal: () => answer as never,
      }),
      tell,
    );
    const present = (token: string) => call(served.url, { headers: { authorization: `Bearer ${token}` } });
    expect((await present('one')).code).to.equal('invalid_credentials');
    answer = undefined;
    expect((await present('two')).code).to.equal('unavailable');
  });

  it('beyond the limit a right guess at somebody who is in is a wrong one, for all that stands between the guards', async () => {
    let liveness = 0;
    const passed: unknown[] = [];
    await using served = await serve(
      mcpLoginLimiter({
        points: 1,
        keys: ['account'],
        clientKey: ({ headers }) => String(headers['x-client']),
      }),
      mcpBasicAuth({
        verifier: {
          verify: rightIsRight,
          isActive: () => {
            liveness += 1;
            return true;
          },
        },
      }),
      (incoming, _response, next) => {
        passed.push(incoming.headers['x-client']);
        next();
      },
      mcpSessionBinding(),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
    const from = (client: string, password: string, id?: string) =>
      call(served.url, {
        headers: {
          authorization: basic('ann', password),
          'x-client': client,
          ...(id && { 'mcp-session-id': id }),
        },
        body: id ? toolCall('whoami') : initialize(),
      });
    const begun = await from('home', 'right');
    expect((await from('thief', 'wrong')).status).to.equal(401);
    const askedBefore = liveness;
    for (const id of [undefined, 'A'.repeat(43)]) {
      const [right, wrong] = [await from('thief', 'right', id), await from('thief', 'guess', id)];
      expect(right.status).to.equal(429);
      expect(right.text).to.equal(wrong.text);
    }
    expect(liveness, 'questions about ann').to.equal(askedBefore);
    expect(passed).to.deep.equal(['home']);
    const own = String(begun.headers['mcp-session-id']);
    expect((await from('abroad', 'right', own)).status).to.equal(200);
  });

  it('an old session id is no way around maxBodyBytes', async () => {
    await using endpoint = await guarded({ handler: { maxBodyBytes: 2000 } });
    const message = initialize() as { params: { clientInfo: object } };
    const body = { ...message, padding: 'x'.repeat(10_000) };
    for (const more of [{}, { 'mcp-session-id': 'A'.repeat(43) }]) {
      const reply = await call(endpoint.url, { headers: { ...as('ann'), ...more }, body });
      expectRefusal(reply, 'body_too_large');
    }
  });

  it('a session is served by the handler that began it alone, whatever binding they share', async () => {
    const ran: string[] = [];
    const handler = (name: string) =>
      mcpHandler({ createServer: ({ principal }) => buildServer(principal, () => ran.push(name)) });
    const auth = mcpBasicAuth({ verifier: rightIsRight });
    const sessions = mcpSessionBinding();
    const adminsOnly: RequestHandler = ({ headers }, response, next) => {
      if (headers['x-admin'] === 'yes') next();
      else response.sendStatus(403);
    };
    await using served = await serveApp((app) => {
      app.use('/admin', adminsOnly, auth, sessions, handler('admin'));
      app.use('/mcp', auth, sessions, handler('user'));
    });
    const headers = { ...as('ann'), 'x-admin': 'yes' };
    const begun = await call(served.url, { path: '/admin', headers, body: initialize() });
    const id = { 'mcp-session-id': String(begun.headers['mcp-session-id']) };
    const elsewhere = (method: string, body?: object) =>
      call(served.url, { method, headers: { ...as('ann'), ...id }, ...(body && { body }) });
    expectRefusal(await elsewhere('POST', toolCall('whoami')), 'session_not_found');
    expectRefusal(await elsewhere('GET'), 'session_not_found');
    expectRefusal(await elsewhere('DELETE'), 'session_not_found');
    expect(ran).to.deep.equal([]);
    const at = { path: '/admin', headers: { ...headers, ...id }, body: toolCall('whoami') };
    expect((await call(served.url, at)).status).to.equal(200);
    expect(ran).to.deep.equal(['admin']);
    await sessions.close();
  });

  for (const [what, thrown] of [
    [
      'an object that throws when it is read',
      new Proxy(
        {},
        {
          get() {
            throw new Error('trap');
          },
        },
      ),
    ],
    [
      'an object that throws when it is classified',
      new Proxy(
        {},
        {
          getPrototypeOf() {
            throw new Error('trap');
          },
        },
      ),
    ],
  ] as const) {
    it(`${what}, thrown by a verifier, is an outage that gives its points back`, async () => {
      await using served = await serve(
        mcpLoginLimiter({ points: 1 }),
        mcpBasicAuth({
          verifier: (credentials) => {
            if (credentials.password === 'strange') throw thrown;
            return rightIsRight(credentials);
          },
        }),
        tell,
      );
      const present = (password: string) =>
        call(served.url, { headers: { authorization: basic('ann', password) } });
      expectRefusal(await present('strange'), 'unavailable');
      expect((await present('right')).status).to.equal(200);
    });
  }

  it('what was refused while its body came in starts nothing when the body is there', async () => {
    const log: string[] = [];
    await using endpoint = await guarded({
      basic: { startSession: () => void log.push('startSession') },
      createServer: ({ principal }) => {
        log.push('createServer');
        return buildServer(principal);
      },
      before: [
        (incoming, _response, next) => {
          incoming.once('end', () => setImmediate(() => log.push('body')));
          next();
        },
      ],
    });
    const body = JSON.stringify(initialize());
    const outgoing = beginPost(endpoint.url, as('ann'), body.length);
    outgoing.write(body.slice(0, 5));
    let status: number | undefined;
    outgoing.on('response', (response) => {
      status = response.statusCode;
      response.resume();
    });
    // Revoked again and again, since nothing tells from outside when the guards have let it pass.
    await until('it is refused', async () => {
      await endpoint.sessions.revoke({ subject: 'ann' });
      return status !== undefined;
    });
    expect(status).to.equal(404);
    outgoing.end(body.slice(5));
    await until('the body is there', () => log.includes('body'));
    expect(log).to.deep.equal(['body']);
  });

  it('a verification that a revocation overtakes is done again, for all who wait for it', async () => {
    const slow = gate();
    let isDisabled = false;
    let verifications = 0;
    await using endpoint = await guarded({
      basic: {
        verify: async ({ username }) => {
          if (username === 'bob') return { subject: 'bob' };
          const principal = isDisabled ? null : { subject: username };
          verifications += 1;
          if (verifications === 1) await slow.opened;
          return principal;
        },
      },
    });
    await begin(endpoint.url, as('bob'));
    const login = () => call(endpoint.url, { headers: as('ann'), body: initialize() });
    const before = login();
    await until('it is verified', () => verifications === 1);
    isDisabled = true;
    await endpoint.sessions.revoke({ subject: 'ann' });
    const after = login();
    slow.open();
    expect((await before).status).to.equal(401);
    expect((await after).status).to.equal(401);
    expect(await endpoint.sessions.list({ subject: 'ann' })).to.deep.equal([]);
  });

  for (const which of ['settle', 'reserve'] as const) {
    it(`a login store whose ${which} never answers is 503`, async () => {
      const memory = new MemoryLoginStore();
      const never = (): Promise<never> => new Promise(() => {});
      const store = {
        reserve: memory.reserve.bind(memory),
        settle: memory.settle.bind(memory),
        [which]: never,
      };
      await using served = await serve(
        mcpLoginLimiter({ store }),
        mcpBasicAuth({ verifier: rightIsRight, timeoutMs: 20 }),
        tell,
      );
      const signal = AbortSignal.timeout(5000);
      expectRefusal(await call(served.url, { headers: as('ann'), signal }), 'unavailable');
    });
  }

  it('an initialize whose server never answers is answered when its session ends', async () => {
    let sessionId: string | undefined;
    const asked = gate();
    await using endpoint = await guarded({
      handler: { enableJsonResponse: true },
      createServer: (context) => {
        ({ sessionId } = context);
        const server = new Server({ name: 'mute', version: '1' }, { capabilities: {} });
        server.setRequestHandler(InitializeRequestSchema, () => {
          asked.open();
          return new Promise(() => {});
        });
        return server;
      },
    });
    const signal = AbortSignal.timeout(5000);
    const reply = call(endpoint.url, { headers: as('ann'), body: initialize(), signal });
    await asked.opened;
    expect(await endpoint.sessions.revoke({ sessionId: String(sessionId) })).to.equal(1);
    expectRefusal(await reply, 'session_not_found');
  });

  it('a refused call does not take the place of a running one with the same id', async () => {
    using clock = stopClock();
    const slow = gate();
    let isRunning = false;
    let closed = 0;
    await using endpoint = await guarded({
      binding: { idleSeconds: 60 },
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          isRunning = true;
          return slow.opened;
        }),
      before: [
        (_request, response, next) => {
          response.once('close', () => {
            closed += 1;
          });
          next();
        },
      ],
    });
    const session = await begin(endpoint.url, as('ann'));
    const stream = await session.stream(toolCall('whoami', {}, 7));
    await until('it runs', () => isRunning);
    const refused = await session.send(toolCall('whoami', {}, 7), { 'mcp-protocol-version': '1999-01-01' });
    expect(refused.status).to.equal(400);
    stream.drop();
    await until('the stream is gone', () => closed === 4);
    clock.advance(3600_000);
    expect((await session.send({ jsonrpc: '2.0', id: 8, method: 'ping' })).status).to.equal(200);
    slow.open();
  });

  it('closing waits for ends that are under way', async () => {
    const slow = gate();
    const log: string[] = [];
    await using endpoint = await guarded({
      basic: {
        startSession: () => {},
        endSession: async () => {
          log.push('begun');
          await slow.opened;
          log.push('ended');
        },
      },
    });
    await begin(endpoint.url, as('ann'));
    void endpoint.sessions.revoke({ subject: 'ann' });
    await until('its end has begun', () => log.length === 1);
    const closing = Promise.all([endpoint.sessions.close(), endpoint.mcp.close({ graceMs: 0 })]).then(() =>
      log.push('closed'),
    );
    await new Promise((resolve) => setImmediate(resolve));
    slow.open();
    await closing;
    expect(log).to.deep.equal(['begun', 'ended', 'closed']);
  });
});
