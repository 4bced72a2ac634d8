import { InMemoryServerEventBus, type McpServer } from '@modelcontextprotocol/server';
import { expect } from 'chai';
import type { Response } from 'express';

import type { ServeContext } from '../../lib/handler/serve-context.js';
import { serveBase } from '../../lib/handler/serve-context.js';
import type { CreateServerContext } from '../../lib/index.js';
import { requestState } from '../../lib/request-state.js';
import type { Exchange } from '../../lib/sessions/exchange.js';
import { MemorySessionStore } from '../../lib/sessions/memory-session-store.js';
import { ModernLeg } from '../../lib/v2/modern-leg.js';
import { ada, exchangeOf, watched } from '../sessions/support.js';
import { call, initialize } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { listen } from '../support/events.js';
import { gate, until } from '../support/gate.js';
import { serve } from '../support/serve.js';
import { textOf } from '../support/session.js';
import { settle } from '../support/settle.js';
import { catchWarnings } from '../support/warnings.js';
import { buildServer, modern, modernTool, subscribe } from './support.js';

const LAST_BYTES_MS = 500;

interface Given {
  readonly createServer?: (context: CreateServerContext) => McpServer | Promise<McpServer>;
  readonly isJson?: boolean;
  readonly onError?: (error: unknown) => void;
  /** Done to the answer before the leg has it. */
  readonly before?: (response: Response) => void;
}

interface Scene extends AsyncDisposable {
  readonly url: URL;
  readonly leg: ModernLeg;
  readonly exchanges: Exchange[];
  /** What exchanges were ended with. */
  readonly codes: string[];
  /** What the leg made of each request: `served`, or the code of the refusal. */
  readonly outcomes: string[];
  /** What sessions and slots were ended for. */
  reasons(): readonly unknown[];
}

/** The leg alone, without guards or a binding before it. */
async function scene({ createServer, isJson = false, onError, before }: Given = {}): Promise<Scene> {
  const closed = new AbortController();
  const context: ServeContext = {
    ...serveBase(
      'mcpHandler',
      {
        createServer: (order) => createServer?.(order) ?? buildServer({ ...order, era: 'modern' }),
        ...(onError && { onError }),
      },
      closed.signal,
    ),
    transport: {
      transportClass: () => expect.fail('no session is served here'),
      enableJsonResponse: isJson,
      eventStore: undefined,
      keepAliveMs: undefined,
    },
    transports: new WeakMap(),
    rebuilding: new WeakMap(),
    failover: false,
  };
  const leg = new ModernLeg(context, new InMemoryServerEventBus());
  const { registry, news } = watched({ store: new MemorySessionStore() });
  const [exchanges, codes, outcomes]: [Exchange[], string[], string[]] = [[], [], []];
  const served = await serve(async (request, response) => {
    Object.assign(request, { auth: { token: 't', clientId: '', scopes: [], extra: { principal: ada } } });
    const exchange = exchangeOf(ada, codes);
    exchanges.push(exchange);
    let text = '';
    for await (const chunk of request) text += String(chunk);
    before?.(response);
    const attachment = { registry, exchange, session: undefined };
    const state = requestState(request);
    const message: unknown = JSON.parse(text);
    const serving = { request, response, state, attachment, message, isStream() {} };
    const outcome = leg.serve(serving).then(
      (denial) => denial?.code ?? 'served',
      ({ code }: { code: string }) => code,
    );
    outcomes.push(await outcome);
    if (!response.writableEnded) response.writeHead(503).end();
  });
  const { url } = served;
  return {
    ...{ url, leg, exchanges, codes, outcomes },
    reasons: () => news.flatMap((piece) => (piece.type === 'session.ended' ? [piece.reason] : [])),
    async [Symbol.asyncDispose]() {
      await leg.close();
      await registry.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

/** A server whose tool `progress` tells of its progress before it answers. */
function progressing(context: CreateServerContext): McpServer {
  const server = buildServer({ ...context, era: 'modern' });
  server.registerTool('progress', {}, async ({ mcpReq }) => {
    const params = { progressToken: 'p', progress: 1 };
    await mcpReq.notify({ method: 'notifications/progress', params });
    return { content: [{ type: 'text', text: 'done' }] };
  });
  return server;
}

describe('ModernLeg', () => {
  it('answers as a stream where a tool has more to say than its result, unless JSON was asked for', async () => {
    for (const [isJson, type] of [
      [false, 'text/event-stream'],
      [true, 'application/json'],
    ] as const) {
      await using place = await scene({ createServer: progressing, isJson });
      const reply = await modernTool(place.url, {}, 'progress');
      expect([reply.status, textOf(reply)]).to.deep.equal([200, 'done']);
      expect(reply.headers['content-type']).to.include(type);
      expect(reply.text.includes('notifications/progress')).to.equal(!isJson);
    }
  });

  it('serves no client of the 2025 era', async () => {
    await using place = await scene({ createServer: () => expect.fail('a server was made') });
    const reply = await call(place.url, { body: initialize() });
    expect(reply.status).to.equal(400);
    expect(reply.text).to.not.include('serverInfo');
  });

  it('refuses what the SDK refuses, and tells of it whoever wants to know', async () => {
    const errors: unknown[] = [];
    for (const onError of [undefined, (error: unknown) => void errors.push(error)]) {
      await using place = await scene(onError && { onError });
      const { headers, body } = modern({}, 'tools/list');
      const mismatch = { ...headers, 'mcp-method': 'tools/call' } as Record<string, string>;
      expect((await call(place.url, { headers: mismatch, body })).status).to.equal(400);
      expect(place.outcomes).to.deep.equal(['served']);
    }
    expect(errors).to.have.length(1);
  });

  it('forgets what it has served', async () => {
    await using place = await scene();
    await modernTool(place.url, {}, 'whoami');
    await place.leg.close();
    expect(place.codes).to.deep.equal([]);
  });

  it('A10 says what became of a server that cannot be connected', async () => {
    const errors: unknown[] = [];
    await using place = await scene({
      onError: (error) => errors.push(error),
      createServer: (context) => {
        const server = buildServer({ ...context, era: 'modern' });
        server.connect = () => Promise.reject(new Error('no way'));
        return server;
      },
    });
    using heard = listen();
    await modernTool(place.url, {}, 'whoami');
    expect(place.outcomes).to.deep.equal(['unavailable']);
    expect(heard.events.map(({ at: _at, ...event }) => event)).to.deep.equal([
      { type: 'server.failed', reason: 'transport', guard: 'mcpHandler' },
    ]);
    expect(errors.map(String)).to.include('Error: no way');
    expect(errors.map(String)).to.include('Error: the SDK answered 500');
  });

  it('W25 ends a listening stream, with its last message, as what it is', async () => {
    await using place = await scene();
    const stream = await subscribe(place.url, {});
    await place.leg.close();
    expect(await stream.ended).to.equal('end');
    await until('its slot is free', () => place.reasons().length > 0);
    expect(place.reasons()).to.deep.equal(['shutdown']);
  });

  it('A10 warns of what nobody wants to be told', async () => {
    using warnings = catchWarnings();
    await using place = await scene({
      createServer: (context) => {
        const server = buildServer({ ...context, era: 'modern' });
        server.connect = () => Promise.reject(new Error('s3cret'));
        return server;
      },
    });
    await modernTool(place.url, {}, 'whoami');
    expect(warnings.texts.join()).to.include('mcpHandler: the SDK failed').and.to.not.include('s3cret');
  });

  describe('ends what its tool is doing', () => {
    /** A call whose tool waits until its request is over. */
    async function running(act: (place: Scene, leave: AbortController) => unknown) {
      const [begun, ended] = [gate(), gate()];
      const signals: AbortSignal[] = [];
      await using place = await scene({
        createServer: (context) => {
          signals.push(context.signal);
          const server = buildServer({ ...context, era: 'modern' });
          server.registerTool('wait', {}, async ({ mcpReq: { signal } }) => {
            signal.addEventListener('abort', () => ended.open());
            begun.open();
            await ended.opened;
            return { content: [] };
          });
          return server;
        },
      });
      const leave = new AbortController();
      const reply = call(place.url, {
        ...modern({}, 'tools/call', { name: 'wait', arguments: {} }),
        signal: leave.signal,
      }).catch(() => undefined);
      await begun.opened;
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false]);
      await act(place, leave);
      await ended.opened;
      await reply;
      await settle();
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true]);
      return place.outcomes;
    }

    it('where its client has gone', async () => {
      expect(await running((_place, leave) => leave.abort())).to.deep.equal(['served']);
    });

    it('E4 where its exchange is ended', async () => {
      const end = ({ exchanges }: Scene): void => exchanges[0]?.end('session_not_found');
      expect(await running(end)).to.deep.equal(['served']);
    });

    it('where it is closed', async () => {
      expect(await running(({ leg }) => leg.close())).to.deep.equal(['closing']);
    });
  });

  it('makes no server for a client that has gone', async () => {
    await using place = await scene({
      before: (response) => response.destroy(),
      createServer: () => expect.fail('a server was made'),
    });
    await modernTool(place.url, {}, 'whoami').catch(() => {});
    expect(place.outcomes).to.deep.equal(['served']);
  });

  it('W25 makes no server once it is closed', async () => {
    await using place = await scene({ createServer: () => expect.fail('a server was made') });
    await place.leg.close();
    await modernTool(place.url, {}, 'whoami');
    expect(place.outcomes).to.deep.equal(['closing']);
  });

  describe('of a server that comes too late', () => {
    async function late() {
      const [asked, made, gone] = [gate(), gate(), gate()];
      let closed = 0;
      const place = await scene({
        before: (response) => void response.once('close', gone.open),
        createServer: async (context) => {
          const server = buildServer({ ...context, era: 'modern' });
          server.close = async () => {
            closed += 1;
          };
          asked.open();
          await made.opened;
          return server;
        },
      });
      const leave = new AbortController();
      const reply = call(place.url, { ...modern({}, 'tools/list'), signal: leave.signal }).catch(
        () => undefined,
      );
      await asked.opened;
      return { place, made, leave, gone: gone.opened, reply, closed: () => closed };
    }

    it('closes it where its client has gone', async () => {
      const { place, made, leave, gone, reply, closed } = await late();
      leave.abort();
      await Promise.all([reply, gone]);
      made.open();
      await settle();
      expect(closed()).to.equal(1);
      expect(place.outcomes).to.deep.equal(['unavailable']);
      await place[Symbol.asyncDispose]();
    });

    it('W25 closes it where all is closed, which waits for it', async () => {
      const { place, made, reply, closed } = await late();
      let isClosed = false;
      const closing = place.leg.close().then(() => {
        isClosed = true;
      });
      await settle();
      expect(isClosed).to.equal(false);
      expect(place.codes).to.deep.equal([]);
      made.open();
      await closing;
      await reply;
      expect(closed()).to.equal(1);
      expect(place.outcomes).to.deep.equal(['closing']);
      expect(place.codes).to.deep.equal([]);
      await place[Symbol.asyncDispose]();
    });

    it('W25 waits for it half a second, and tells its client then', async () => {
      const { place, made, reply } = await late();
      using timeouts = holdTimeouts(LAST_BYTES_MS);
      const closing = place.leg.close();
      await settle();
      timeouts.fire();
      await closing;
      expect(place.codes).to.deep.equal(['closing']);
      made.open();
      await reply;
      await place[Symbol.asyncDispose]();
    });
  });
});
