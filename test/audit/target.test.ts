import type { IncomingHttpHeaders } from 'node:http';

import { expect } from 'chai';
import type { RequestHandler } from 'express';

import type { Actor } from '../../lib/audit/actor.js';
import { AuditError } from '../../lib/audit/audit-error.js';
import { cancelled, initialize, MODERN, opening, ping, toolsList } from '../../lib/audit/messages.js';
import { hasEventId, type Target, targetAt } from '../../lib/audit/target.js';
import { NoAnswer } from '../../lib/audit/wire/exchange.js';
import type { Reply } from '../../lib/audit/wire/reply.js';
import { type Served, serve } from '../support/serve.js';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Scene extends AsyncDisposable {
  readonly served: Served;
  readonly target: Target;
  readonly asked: readonly Asked[];
}

const NOBODY: Actor = { name: 'nobody', headers: [] };
const ADA: Actor = { name: 'ada', headers: [['X-Key', 'key-of-ada']] };

async function scene(
  answer: RequestHandler = (_request, response) => void response.end('{}'),
  { fixed = [], signal }: { readonly fixed?: Actor['headers']; readonly signal?: AbortSignal } = {},
): Promise<Scene> {
  const asked: Asked[] = [];
  const served = await serve(async (request, response, next) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ method: request.method, url: request.originalUrl, headers: request.headers, body });
    await answer(request, response, next);
  });
  return {
    served,
    target: targetAt(served.url, fixed, 4000, signal),
    asked,
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

/** Answers as a server does that has sessions, and ends them with `status`. */
const withSessions =
  (status: number, began = 200): RequestHandler =>
  (request, response) =>
    void (request.method === 'DELETE'
      ? response.status(status).end()
      : response.status(began).set('Mcp-Session-Id', 'the-id').end('{}'));

describe('the target of an audit', () => {
  it('is asked as a client of MCP asks, in a connection of its own', async () => {
    await using app = await scene();
    const message = ping();
    const reply = await app.target.ask({ as: ADA, message, session: 'the-id' });
    expect(reply).to.include({ status: 200, text: '{}', askedId: message.id });
    const [{ method, headers, body } = {}] = app.asked;
    expect([method, body]).to.deep.equal(['POST', message.body]);
    expect(headers).to.include({
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-session-id': 'the-id',
      'mcp-protocol-version': '2025-11-25',
      'x-key': 'key-of-ada',
      'content-length': String(message.body.length),
      connection: 'close',
    });
    expect(app.target.requests).to.equal(1);
  });

  it('is asked for a stream with GET, and for what is elsewhere there', async () => {
    await using app = await scene();
    await app.target.ask({ as: NOBODY, method: 'GET', url: new URL('/mcp/else', app.served.url) });
    const { method, url, headers = {} } = app.asked[0] ?? {};
    expect([method, url]).to.deep.equal(['GET', '/mcp/else']);
    expect(headers)
      .to.include({ accept: 'text/event-stream' })
      .and.to.not.have.any.keys('mcp-session-id', 'x-key');
    expect(headers['content-length']).to.equal(undefined);
  });

  it('is sent what goes along with every request, unless who asks says otherwise', async () => {
    const fixed = [
      ['X-Gateway', 'g'],
      ['X-Key', 'of all'],
    ] as const;
    await using app = await scene(undefined, { fixed });
    await app.target.ask({ as: NOBODY });
    await app.target.ask({ as: ADA, headers: [['accept', 'text/html']], body: 'raw' });
    expect(app.asked[0]?.headers).to.include({ 'x-gateway': 'g', 'x-key': 'of all' });
    expect(app.asked[1]?.headers).to.include({
      'x-gateway': 'g',
      'x-key': 'key-of-ada',
      accept: 'text/html',
    });
    expect(app.asked[1]?.body).to.equal('raw');
  });

  it('is sent both of two lines of one name that an actor presents', async () => {
    await using app = await scene();
    const headers = [
      ['X-Key', 'a'],
      ['X-Key', 'b'],
    ] as const;
    await app.target.ask({ as: { name: 'two', headers } });
    expect(app.asked[0]?.headers['x-key']).to.equal('a, b');
  });

  it('has its sessions ended, each once, by who began it', async () => {
    await using app = await scene(withSessions(204));
    await app.target.ask({ as: ADA, message: initialize() });
    expect([...app.target.sessionIds]).to.deep.equal(['the-id']);
    await app.target.endSessions();
    await app.target.endSessions();
    expect(app.asked.map(({ method }) => method)).to.deep.equal(['POST', 'DELETE']);
    expect(app.asked[1]?.headers).to.include({ 'mcp-session-id': 'the-id', 'x-key': 'key-of-ada' });
    expect([app.target.requests, app.target.sessionsLeft, app.target.sessionIds.size]).to.deep.equal([
      2, 0, 1,
    ]);
  });

  it('has begun none where it refuses, or was asked for something else', async () => {
    await using refusing = await scene(withSessions(204, 400));
    await refusing.target.ask({ as: ADA, message: initialize() });
    await using serving = await scene(withSessions(204));
    for (const message of [ping(), toolsList(MODERN), opening(MODERN), cancelled()]) {
      await serving.target.ask({ as: ADA, message });
    }
    await serving.target.ask({ as: ADA });
    await using without = await scene();
    await without.target.ask({ as: ADA, message: initialize() });
    for (const { target } of [refusing, serving, without]) expect(target.sessionIds.size).to.equal(0);
  });

  it('tells how many sessions are left: one that is gone is none', async () => {
    for (const [status, left] of [
      [200, 0],
      [404, 0],
      [405, 1],
      [500, 1],
    ] as const) {
      await using app = await scene(withSessions(status));
      await app.target.ask({ as: ADA, message: initialize() });
      await app.target.endSessions();
      expect(app.target.sessionsLeft, String(status)).to.equal(left);
    }
    await using gone = await scene(withSessions(204));
    await gone.target.ask({ as: ADA, message: initialize() });
    await gone.served[Symbol.asyncDispose]();
    await gone.target.endSessions();
    expect(gone.target.sessionsLeft).to.equal(1);
  });

  it('is asked for nothing once the audit is interrupted, but to end its sessions', async () => {
    const interruption = new AbortController();
    await using app = await scene(withSessions(204), { signal: interruption.signal });
    await app.target.ask({ as: ADA, message: initialize() });
    interruption.abort();
    const error = await app.target.ask({ as: ADA }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AuditError).and.to.include({ message: 'it was interrupted' });
    await app.target.endSessions();
    expect(app.asked.map(({ method }) => method)).to.deep.equal(['POST', 'DELETE']);
  });

  it('is waited for no longer than for one request, or a shorter time', async () => {
    await using app = await scene(() => {});
    const target = targetAt(app.served.url, [], 30);
    const words = (timeoutMs?: number): Promise<unknown> =>
      target.ask({ as: NOBODY, ...(timeoutMs && { timeoutMs }) }).catch((error: unknown) => error);
    for (const [timeoutMs, seconds] of [
      [undefined, 0.03],
      [20, 0.02],
      [500, 0.03],
    ] as const) {
      const error = await words(timeoutMs);
      expect(error)
        .to.be.instanceOf(NoAnswer)
        .and.to.include({ message: `no answer within ${seconds} s` });
    }
  });

  it('is read until its stream holds the answer, or is open where nothing was asked', async () => {
    const message = ping();
    await using app = await scene((_request, response) => {
      response.set('Content-Type', 'text/event-stream');
      response.write('data: {"jsonrpc":"2.0","id":"other","result":{}}\n\n');
      setImmediate(() => response.write(`data: {"jsonrpc":"2.0","id":"${message.id}","result":{}}\n\n`));
    });
    expect((await app.target.ask({ as: NOBODY, message })).text).to.include(`"${message.id}"`);
    expect((await app.target.ask({ as: NOBODY, method: 'GET' })).status).to.equal(200);
  });

  it('is read no further than 256 KiB', async () => {
    await using app = await scene((_request, response) => {
      response.write('x'.repeat(300_000));
    });
    expect((await app.target.ask({ as: NOBODY })).text.length).to.be.within(262_144, 300_000);
  });

  it('has told an id where it has told all that it was asked', () => {
    const replyWith = (text: string): Reply => ({
      ...{ status: 200, rawHeaders: ['Content-Type', 'text/event-stream'], text, askedId: 'a' },
    });
    const answer = 'data: {"jsonrpc":"2.0","id":"a","result":{}}\n\n';
    expect(hasEventId(replyWith(`id: 1\n${answer}`))).to.equal(true);
    expect(hasEventId(replyWith(`id: 1\ndata:\n\n${answer}`))).to.equal(true);
    expect(hasEventId(replyWith(answer))).to.equal(false);
    expect(hasEventId(replyWith('id: 1\ndata:\n\n'))).to.equal(false);
  });
});
