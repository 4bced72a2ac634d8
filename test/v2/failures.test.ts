import type { McpServer } from '@modelcontextprotocol/server';
import { expect } from 'chai';
import type { RequestHandler } from 'express';

import { McpGuardError, mcpLoginLimiter, mcpTokenGuard } from '../../lib/index.js';
import { mcpHandler } from '../../lib/v2/index.js';
import { basic, call, initialize, toolCall } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { type Gate, gate, until } from '../support/gate.js';
import { as } from '../support/guarded.js';
import { bad, checksOptions } from '../support/options.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { begin, textOf } from '../support/session.js';
import { buildServer, connectV2, guardedV2, MODERN, modern, modernTool } from './support.js';

const wrong = { authorization: basic('ann', 'wrong') };

/** Counts requests, and tells their methods. */
function counting(): RequestHandler & { readonly seen: string[] } {
  const seen: string[] = [];
  const count: RequestHandler = (request, _response, next) => {
    seen.push(`${request.method} ${request.get('mcp-method') ?? ''}`);
    next();
  };
  return Object.assign(count, { seen });
}

const failureOf = async (work: Promise<unknown>): Promise<Record<string, unknown>> => {
  try {
    await work;
  } catch (error) {
    const { name, code, message, status, data } = error as Record<string, unknown>;
    return { name, code, message, status: status ?? (data as { status?: number } | undefined)?.status };
  }
  throw new Error('it did not fail');
};

describe('mcpHandler of v2', () => {
  checksOptions(
    'mcpHandler',
    mcpHandler,
    { createServer: buildServer },
    {
      createServer: bad.callback,
      maxBodyBytes: bad.count,
      enableJsonResponse: bad.flag,
      eventStore: [null, 'x', {}, { storeEvent() {} }],
      keepAliveMs: bad.milliseconds,
      createTimeoutMs: bad.milliseconds,
      failover: bad.flag,
      onError: bad.callback,
      bus: [null, 'x', {}, { publish() {} }],
      mayHear: bad.callback,
    },
  );

  it('W26 nobody is served: no credential, no server', async () => {
    await using served = await serve(mcpHandler({ createServer: () => expect.fail('a server was made') }));
    expect((await call(served.url, modern({}, 'tools/list'))).code).to.equal('missing_credentials');
  });

  for (const mode of ['auto', { pin: MODERN }] as const) {
    const name = mode === 'auto' ? 'auto' : 'pinned';
    it(`W20 401 and 503 reach the official client (${name}) as errors, not as a fallback to the old era`, async () => {
      const count = counting();
      await using app = await guardedV2({
        before: [count],
        basic: {
          verify: ({ username, password }) => {
            if (username === 'down') throw new Error('database down');
            return password === 'right' ? { subject: username } : null;
          },
        },
      });
      const refused = await failureOf(connectV2(app.url, wrong, mode));
      expect(String(refused.message) + String(refused.status)).to.match(/401|[Uu]nauthorized/);
      const down = await failureOf(connectV2(app.url, as('down'), mode));
      expect(JSON.stringify(down)).to.match(/503/);
      expect(count.seen.filter((line) => !line.includes('server/discover'))).to.deep.equal([]);
    });

    it(`W20 a 429 on first contact (${name}) costs at most one more request, and is an error then`, async () => {
      const count = counting();
      let verified = 0;
      await using app = await guardedV2({
        before: [count, mcpLoginLimiter({ points: 1 })],
        basic: {
          verify: () => {
            verified += 1;
            return null;
          },
        },
      });
      await call(app.url, { headers: { authorization: basic('ann', 'guess') }, body: {} });
      count.seen.length = 0;
      const refused = await failureOf(connectV2(app.url, wrong, mode));
      // Pinned, the client tells no more than that the server did not negotiate.
      expect(JSON.stringify(refused)).to.match(mode === 'auto' ? /429/ : /SdkError.*ERA_NEGOTIATION_FAILED/);
      expect(count.seen.length).to.be.within(1, 2);
      expect(verified).to.equal(1);
    });
  }

  const REFUSED: readonly [string, () => McpServer | Promise<McpServer>, 'forbidden' | 'unavailable'][] = [
    [
      'refuses by policy',
      () => {
        throw new McpGuardError('forbidden');
      },
      'forbidden',
    ],
    [
      'throws',
      () => {
        throw new Error('secret of the database');
      },
      'unavailable',
    ],
    ['rejects', () => Promise.reject(new Error('secret of the database')), 'unavailable'],
    ['never answers', () => new Promise<McpServer>(() => {}), 'unavailable'],
    ['returns nonsense', () => ({}) as McpServer, 'unavailable'],
  ];
  for (const [what, createServer, code] of REFUSED) {
    it(`A10 a modern request whose createServer ${what} is ${code}`, async () => {
      const errors: unknown[] = [];
      await using app = await guardedV2({
        createServer,
        handler: { onError: (error) => errors.push(error), createTimeoutMs: 50 },
      });
      const reply = await modernTool(app.url, as('ann'), 'whoami');
      expectRefusal(reply, code);
      expect(errors).to.have.length(code === 'forbidden' ? 0 : 1);
      expect(await app.sessions.list({})).to.deep.equal([]);
      expectRefusal(
        await call(
          app.url,
          modern(as('ann'), 'subscriptions/listen', { notifications: { toolsListChanged: true } }),
        ),
        code,
      );
      await until('no slot is held', async () => (await app.sessions.list({})).length === 0);
    });
  }

  it('A10 a server that cannot be connected is unavailable, in either era, and what went wrong is told', async () => {
    const errors: unknown[] = [];
    await using app = await guardedV2({
      handler: { onError: (error) => errors.push(error) },
      createServer: (context) => {
        const server = buildServer(context);
        server.connect = () => Promise.reject(new Error('no way'));
        return server;
      },
    });
    expectRefusal(await modernTool(app.url, as('ann'), 'whoami'), 'unavailable');
    expect(errors.map(String)).to.include('Error: no way');
    expectRefusal(await call(app.url, { headers: as('ann'), body: initialize() }), 'unavailable');
    expect(await app.sessions.list({})).to.deep.equal([]);
  });

  it('A10 the same server for two requests is refused, whichever era they are of', async () => {
    let one: McpServer | undefined;
    await using app = await guardedV2({
      handler: { onError: () => {} },
      createServer: (context) => {
        one ??= buildServer(context);
        return one;
      },
    });
    const session = await begin(app.url, as('ann'));
    expectRefusal(await modernTool(app.url, as('ben'), 'whoami'), 'unavailable');
    expect(await session.tool('echo', { text: 'still here' })).to.equal('still here');
  });

  it('closes the server of a modern request when it is answered, and when its client has gone', async () => {
    let [made, closed] = [0, 0];
    const running: AbortSignal[] = [];
    await using app = await guardedV2({
      createServer: (context) => {
        made += 1;
        const server = buildServer(context);
        server.registerTool('wait', {}, async ({ mcpReq }) => {
          running.push(mcpReq.signal, context.signal);
          await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve));
          return { content: [] };
        });
        server.server.onclose = () => {
          closed += 1;
        };
        return server;
      },
    });
    await modernTool(app.url, as('ann'), 'whoami');
    await until('it is closed', () => made === 1 && closed === 1);
    const hangUp = new AbortController();
    const gone = modern(as('ann'), 'tools/call', { name: 'wait', arguments: {} });
    const hung = call(app.url, { ...gone, signal: hangUp.signal }).catch(() => {});
    await until('the tool runs', () => running.length === 2);
    hangUp.abort();
    await hung;
    await until('it is closed, too', () => closed === 2);
    expect(running.map(({ aborted }) => aborted)).to.deep.equal([true, true]);
  });

  it('W19 a call that still runs ends with the revocation of its caller', async () => {
    const running = gate();
    await using app = await guardedV2({
      createServer: (context) =>
        buildServer(context, () => {
          running.open();
          return new Promise(() => {});
        }),
    });
    const reply = modernTool(app.url, as('ann'), 'whoami');
    await running.opened;
    await app.sessions.revoke({ subject: 'ann' });
    expectRefusal(await reply, 'session_not_found');
  });

  it('W25 closing lets calls of both eras finish, then ends what is left', async () => {
    using grace = holdTimeouts(4321);
    const waiting: Gate[] = [];
    await using app = await guardedV2({
      createServer: (context) =>
        buildServer(context, (tool) => {
          if (tool !== 'whoami') return;
          const one = gate();
          waiting.push(one);
          return one.opened;
        }),
    });
    const session = await begin(app.url, as('ann'));
    const calls = [
      session.send(toolCall('whoami')),
      modernTool(app.url, as('ben'), 'whoami'),
      modernTool(app.url, as('cal'), 'whoami'),
    ];
    await until('all run', () => waiting.length === 3);
    let isClosed = false;
    const closing = app.mcp.close({ graceMs: 4321 }).then(() => {
      isClosed = true;
    });
    expectRefusal(await modernTool(app.url, as('ann'), 'whoami'), 'closing');
    waiting[0]?.open();
    waiting[1]?.open();
    for (const reply of await Promise.all(calls.slice(0, 2)))
      expect(JSON.parse(textOf(reply)).created).to.be.oneOf(['ann', 'ben']);
    expect(isClosed).to.equal(false);
    grace.fire();
    await closing;
    const left = await calls[2];
    expect([left?.status === 200 ? 'ended' : left?.code]).to.not.include('ended');
  });

  it('W25 closing answers a call whose server is still being made', async () => {
    const making = gate();
    await using app = await guardedV2({
      createServer: () => {
        making.open();
        return new Promise<McpServer>(() => {});
      },
    });
    const reply = modernTool(app.url, as('ann'), 'whoami');
    await making.opened;
    await app.mcp.close({ graceMs: 0 });
    expectRefusal(await reply, 'closing');
  });

  it('E1 the shared token is asked for before anything of either era', async () => {
    await using app = await guardedV2({
      before: [mcpTokenGuard({ token: 'shared' })],
      createServer: () => expect.fail('made'),
    });
    expect((await modernTool(app.url, as('ann'), 'whoami')).code).to.equal('invalid_mcp_token');
  });

  it('C5 reads no body beyond its bound, and no other media type', async () => {
    await using app = await guardedV2({ handler: { maxBodyBytes: 1000 } });
    const { headers, body } = modern(as('ann'), 'tools/call', {
      name: 'echo',
      arguments: { text: 'x'.repeat(2000) },
    });
    expectRefusal(await call(app.url, { headers: headers ?? {}, body }), 'body_too_large');
    expectRefusal(
      await call(app.url, { headers: { ...headers, 'content-type': 'text/plain' }, body: '{}' }),
      'unsupported_media_type',
    );
    expectRefusal(await call(app.url, { headers: headers ?? {}, body: '{' }), 'invalid_body');
  });

  it('answers in JSON alone where it is asked to, for either era', async () => {
    await using app = await guardedV2({ handler: { enableJsonResponse: true } });
    const session = await begin(app.url, as('ann'));
    const replies = [
      await session.send(toolCall('echo', { text: 'x' })),
      await modernTool(app.url, as('ann'), 'echo', { text: 'x' }),
    ];
    for (const reply of replies) {
      expect(reply.headers['content-type']).to.include('application/json');
      expect(textOf(reply)).to.equal('x');
    }
  });
});
