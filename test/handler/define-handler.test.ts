import { request } from 'node:http';

import { expect } from 'chai';
import type { Request, RequestHandler, Response } from 'express';

import { defineHandler, type HandlerSetup, type Serving } from '../../lib/handler/define-handler.js';
import type { Denial } from '../../lib/http/denial.js';
import { openExchange } from '../../lib/open-exchange.js';
import { type RequestState, requestState } from '../../lib/request-state.js';
import { attach } from '../../lib/sessions/attachment.js';
import { ada, type FakeKeeper, fakeKeeper, watched } from '../sessions/support.js';
import { call, initialize } from '../support/call.js';
import { gate } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { serve } from '../support/serve.js';
import { settle } from '../support/settle.js';
import { openStream } from '../support/stream.js';

const BODY = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

interface Given {
  readonly claims?: (serving: Serving) => boolean | Promise<boolean>;
  readonly answer?: (serving: Serving) => Promise<Denial | undefined>;
  readonly before?: (request: Request, response: Response, state: RequestState) => void;
  readonly isBound?: boolean;
  /** No leg beside the SDK's sessions. */
  readonly isAlone?: boolean;
}

async function scene({ claims = () => true, answer, before, isBound = false, isAlone = false }: Given = {}) {
  const served: Serving[] = [];
  let made = 0;
  const keeper: FakeKeeper = fakeKeeper();
  const { registry } = watched();
  const setup: HandlerSetup = {
    createServer: ({ principal }) => {
      made += 1;
      return buildServer(principal);
    },
    transportClass: async () =>
      (await import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'))
        .WebStandardStreamableHTTPServerTransport as never,
    ...(!isAlone && {
      sessionless: () => ({
        claims,
        async serve(serving: Serving) {
          served.push(serving);
          if (answer) return answer(serving);
          serving.response.end('the leg');
          return undefined;
        },
        async close() {},
      }),
    }),
  };
  const handler = defineHandler(setup);
  const prepare: RequestHandler = async (request, response, next) => {
    const state = requestState(request);
    Object.assign(state, { principal: ada });
    state.keepers.push(keeper);
    const named = request.get('mcp-session-id');
    const session = named === undefined ? undefined : await registry.find(named, ada);
    const attachment = isBound && openExchange(registry, request, response, state, session);
    if (attachment) attach(state, attachment);
    before?.(request, response, state);
    next();
  };
  const app = await serve(prepare, handler);
  return {
    ...{ app, url: app.url, handler, registry, keeper, served },
    made: () => made,
    async [Symbol.asyncDispose]() {
      await handler.close({ graceMs: 0 });
      await registry.close();
      await app[Symbol.asyncDispose]();
    },
  };
}

describe('defineHandler', () => {
  it('has its name in a stack trace', async () => {
    await using place = await scene();
    expect((place.handler as { name: string }).name).to.equal('mcpHandler');
  });

  for (const isBound of [true, false]) {
    for (const claimed of [true, false]) {
      const what = `${isBound ? 'with' : 'without'} a binding, ${claimed ? 'what it claims' : 'what it leaves alone'}`;
      it(`gives another leg, ${what}, at once or later`, async () => {
        for (const claims of [() => claimed, async () => claimed]) {
          await using place = await scene({ isBound, claims });
          const { text, status } = await call(place.url, { body: initialize() });
          expect(status).to.equal(200);
          expect(text === 'the leg').to.equal(claimed);
          expect([place.served.length, place.made()]).to.deep.equal(claimed ? [1, 0] : [0, 1]);
        }
      });
    }
  }

  it('gives it all that there is of a request', async () => {
    await using place = await scene();
    await call(place.url, { body: BODY });
    const [serving] = place.served;
    expect(serving).to.have.all.keys(
      ...['request', 'response', 'state', 'attachment', 'message', 'isStream'],
    );
    expect(serving?.message).to.deep.equal(BODY);
    expect(serving?.state.principal).to.equal(ada);
    expect(serving?.attachment.exchange.principal).to.equal(ada);
  });

  it('serves a server of its own where there is no other leg', async () => {
    await using place = await scene({ isAlone: true });
    expect((await call(place.url, { body: initialize() })).status).to.equal(200);
    expect(place.made()).to.equal(1);
  });

  it('writes what the other leg refuses', async () => {
    await using place = await scene({ answer: async () => ({ code: 'session_limit' }) });
    expect((await call(place.url, { body: BODY })).code).to.equal('session_limit');
  });

  it('W19 hears of an inactive caller by itself where nothing is bound, once for each guard', async () => {
    for (const [isBound, listening] of [
      [false, 1],
      [true, 0],
    ] as const) {
      await using place = await scene({ isBound });
      await call(place.url, { body: BODY });
      await call(place.url, { body: BODY });
      expect(place.keeper.listeners.size).to.equal(listening);
    }
  });

  it('serves nobody who has gone, or is refused, before it is their turn', async () => {
    for (const isBound of [true, false]) {
      await using place = await scene({ isBound, before: (_request, response) => void response.destroy() });
      await call(place.url, { body: BODY }).catch(() => {});
      expect(place.served).to.deep.equal([]);
    }
  });

  it('E3 serves nobody whose time is up while the body comes in', async () => {
    let late: (() => void) | undefined;
    const [here, read] = [gate(), gate()];
    await using place = await scene({
      before: (request, response) => {
        late = () => response.writeHead(401).end('over');
        request.once('end', read.open);
        here.open();
      },
    });
    const answered = new Promise<number>((resolve, reject) => {
      const outgoing = request(place.url, {
        method: 'POST',
        headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
      });
      outgoing.on('error', reject).on('response', (response) => {
        response.resume();
        outgoing.end(']');
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      outgoing.write('[');
    });
    await here.opened;
    late?.();
    expect(await answered).to.equal(401);
    await read.opened;
    await settle();
    expect([place.served.length, place.made()]).to.deep.equal([0, 0]);
  });

  it('refuses what says nothing of the answers it takes', async () => {
    await using place = await scene({ isBound: true });
    for (const method of ['POST', 'GET']) {
      const reply = await call(place.url, {
        method,
        headers: ['Content-Type', 'application/json'],
        body: '{}',
      });
      expect(reply.code).to.equal('not_acceptable');
    }
    expect((await call(place.url, { method: 'DELETE', headers: [] })).code).to.equal('session_required');
  });

  it('takes the methods of MCP, and POST alone where nothing is bound', async () => {
    for (const [isBound, method, expected] of [
      [true, 'PUT', 'method_not_allowed'],
      [true, 'GET', 'session_required'],
      [true, 'DELETE', 'session_required'],
      [false, 'GET', 'method_not_allowed'],
      [false, 'DELETE', 'method_not_allowed'],
    ] as const) {
      await using place = await scene({ isBound });
      const { code, headers } = await call(place.url, { method });
      expect(code).to.equal(expected);
      if (code === 'method_not_allowed') expect(headers.allow).to.equal('POST');
    }
  });

  it('takes clients that read both JSON and events, and streams for those that read events', async () => {
    await using place = await scene({ isBound: true });
    for (const [method, accept, code] of [
      ['POST', 'application/json', 'not_acceptable'],
      ['POST', 'text/event-stream', 'not_acceptable'],
      ['POST', 'application/json, text/event-stream', undefined],
      ['GET', 'application/json', 'not_acceptable'],
      ['GET', 'text/event-stream', 'session_required'],
    ] as const) {
      const sent = { method, headers: { accept }, ...(method === 'POST' && { body: BODY }) };
      expect((await call(place.url, sent)).code).to.equal(code);
    }
  });

  it('W25 does not wait for a listening stream when it is closed, and lets others go on with its session', async () => {
    await using place = await scene({ isBound: true, isAlone: true });
    const { headers } = await call(place.url, { body: initialize() });
    const session = String(headers['mcp-session-id']);
    expect((await place.registry.find(session, ada))?.canMove).to.equal(true);
    const accept = 'text/event-stream';
    const stream = await openStream(place.url, {
      method: 'GET',
      headers: { accept, 'mcp-session-id': session },
    });
    expect(stream.response.statusCode).to.equal(200);
    await place.handler.close({ graceMs: 60_000 });
    await stream.ended;
  });

  it('W25 is closed once, and takes nothing after that', async () => {
    const [asked, answer] = [gate(), gate()];
    await using place = await scene({
      answer: async ({ response }) => {
        asked.open();
        await answer.opened;
        response.end('late');
        return undefined;
      },
    });
    const reply = call(place.url, { body: BODY });
    await asked.opened;
    let isClosed = false;
    const closing = Promise.all([place.handler.close(), place.handler.close()]).then(() => {
      isClosed = true;
    });
    expect((await call(place.url, { body: BODY })).code).to.equal('closing');
    expect(isClosed).to.equal(false);
    answer.open();
    expect((await reply).text).to.equal('late');
    await closing;
  });
});
