import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  mcpBearerAuth,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpServiceAccount,
  mcpTlsGuard,
  mcpTokenGuard,
} from '../../lib/index.js';
import { basic, call, initialize, type Reply, toolCall } from '../support/call.js';
import { as, begin, type Headers, type StandOptions, stand, whoami } from './support/stand.js';
import { MCP_LINES, rawRequest, sendRaw } from './support/wire.js';

/** What every refusal looks like, however it came about. */
function expectWellRefused(reply: Reply, what: string): void {
  const { status, headers, challenges } = reply;
  expect(status, what).to.be.within(400, 503);
  expect(reply.text, what).to.not.match(/<html|<pre|\bat .+:\d+:\d+|node_modules|lib\//i);
  expect(headers['content-type'], what).to.equal('application/json');
  expect(headers['cache-control'], what).to.equal('no-store');
  if (reply.text !== '') expect(reply.json, what).to.have.all.keys('jsonrpc', 'error', 'id');
  if (status === 401) {
    expect(challenges, what).to.not.be.empty;
    for (const challenge of challenges)
      expect(challenge, what).to.match(/^[\w-]+ realm="[^"]*"(, [\w]+="[^"]*")*$/);
  }
  const isRetried = status === 429 || status === 503;
  expect(headers['retry-after'], what).to.match(isRetried ? /^[1-9]\d*$/ : /^undefined$/);
  if (status === 405) expect(headers.allow, what).to.match(/POST/);
}

describe('W20: every refusal is JSON-RPC, with its challenge, its time to wait, and no page', () => {
  const CHAINS: readonly (readonly [string, StandOptions])[] = [
    [
      'all guards',
      { first: [mcpOriginGuard(), mcpTlsGuard()], more: [mcpBearerAuth({ verifier: async () => null })] },
    ],
    ['a token guard', { first: [mcpLoginLimiter(), mcpTokenGuard({ token: 'the shared secret' })] }],
    ['a service account', { more: [mcpServiceAccount({ principal: { subject: 'service' } })] }],
    ['no sessions', { binding: false }],
    ['a broken verifier', { verifier: { verify: () => Promise.reject(new Error('down')) } }],
    ['foreign hosts only', { first: [mcpOriginGuard({ allowedHosts: ['mcp.example.com'] })] }],
  ];
  const PATHS = [
    '/mcp',
    '/mcp/',
    '/MCP',
    '/mcp?access_token=x',
    '/mcp?x=%',
    '/mcp/%zz',
    '/mcp/more/path',
    '/mcp?%00',
  ];
  const HEADERS: readonly Headers[] = [
    {},
    { authorization: 'Basic' },
    { authorization: 'Token x' },
    { authorization: 'Bearer x' },
    { authorization: basic('ada', 'wrong') },
    { ...as('ada'), accept: 'text/html' },
    { ...as('ada'), 'mcp-session-id': '_'.repeat(43) },
    { ...as('ada'), 'content-type': 'text/html', 'mcp-session-id': 'x' },
    { 'x-mcp-token': 'wrong', origin: 'null' },
  ];

  for (const [name, options] of CHAINS) {
    it(`with ${name}`, async () => {
      await using target = await stand(options);
      for (const method of [
        'POST',
        'GET',
        'DELETE',
        'PUT',
        'PATCH',
        'HEAD',
        'OPTIONS',
        'QUERY',
        'PROPFIND',
      ]) {
        for (const path of PATHS) {
          for (const headers of HEADERS) {
            const reply = await call(target.url, {
              method,
              path,
              headers,
              ...(method === 'POST' && { body: '{' }),
            });
            expectWellRefused(reply, `${method} ${path} ${JSON.stringify(headers)}`);
          }
        }
      }
      expect(target.ran).to.deep.equal([]);
    });
  }

  it('answers a throttled caller with 429 and whole seconds, never with 401', async () => {
    await using target = await stand({ limiter: { points: 1, durationSeconds: 30 } });
    const guess = (n: number) =>
      call(target.url, { headers: { authorization: basic('ada', `${n}`) }, body: initialize() });
    expect((await guess(0)).status).to.equal(401);
    for (let n = 1; n < 4; n += 1) {
      const reply = await guess(n);
      expectWellRefused(reply, 'throttled');
      expect([reply.status, reply.code, reply.challenges.length]).to.deep.equal([
        429,
        'too_many_attempts',
        0,
      ]);
      expect(Number(reply.headers['retry-after'])).to.be.within(1, 30);
    }
  });
});

describe('W26: no body is read before the caller is known', () => {
  /** Whether anything has taken bytes of the body by the time a request is refused. */
  function witness(): { readonly guard: RequestHandler; readonly touched: boolean[] } {
    const touched: boolean[] = [];
    return {
      touched,
      guard: (request, response, next) => {
        response.once('finish', () => touched.push(request.readableDidRead || request.body !== undefined));
        next();
      },
    };
  }

  it('refuses on the head alone, while the body has yet to come', async () => {
    const { guard, touched } = witness();
    await using target = await stand({ first: [guard] });
    for (const headers of [[], ['Authorization: Basic'], [`Authorization: ${basic('ada', 'wrong')}`]]) {
      // A body is announced and never sent: an endpoint that wants it first never answers.
      const head = rawRequest('POST', [...MCP_LINES, ...headers, 'Content-Length: 1000000']);
      const [reply] = await sendRaw(target.port, head);
      expect(reply?.status).to.equal(401);
    }
    expect(touched).to.deep.equal([false, false, false]);
  });

  it('answers a client that has closed its half of the connection instead of sending a body', async () => {
    await using target = await stand();
    const waiting = ['Content-Length: 10', 'Expect: 100-continue', 'Connection: close'];
    const socket = connect(target.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.end(rawRequest('POST', [...MCP_LINES, ...waiting, 'Authorization: Token x']));
    await once(socket, 'close');
    expect(text)
      .to.match(/HTTP\/1\.1 401 /)
      .and.to.include('malformed_credentials');
  });
});

describe('W27: foreign pages and rebound names are turned away before anything else', () => {
  /** What a page under an attacker's control can make a browser send. */
  const FOREIGN: readonly (readonly string[])[] = [
    ['Host: evil.example'],
    ['Host: localhost', 'Origin: https://evil.example'],
    ['Host: localhost', 'Origin: null'],
    ['Host: evil.example', 'Origin: http://evil.example'],
    ['Host: localhost', 'Host: evil.example'],
  ];

  it('asks no verifier, and tells nothing more to those with the right password', async () => {
    await using target = await stand({ first: [mcpOriginGuard()] });
    for (const method of ['POST', 'GET', 'DELETE', 'OPTIONS']) {
      const answers = new Set<string>();
      for (const lines of FOREIGN) {
        for (const authorization of [as('ada').authorization, basic('ada', 'wrong'), 'Token x']) {
          // No body ever comes.
          const head = [`${method} /mcp HTTP/1.1`, ...lines, `Authorization: ${authorization}`];
          const announced = [...head, 'Content-Length: 100', 'Connection: close', '', ''].join('\r\n');
          const [reply] = await sendRaw(target.port, announced);
          // Node itself turns two hosts away.
          if (reply?.status !== 400) answers.add(`${reply?.status} ${reply?.body}`);
        }
      }
      expect([...answers], method).to.have.length(1);
      expect([...answers][0]).to.match(/^403 .*forbidden_origin/);
    }
    expect(target.verified).to.deep.equal([]);
  });

  it('looks at every request of a connection, not only at the first', async () => {
    await using target = await stand({ first: [mcpOriginGuard()] });
    const session = await begin(target, as('ada'));
    const lines = [...MCP_LINES, `Authorization: ${as('ada').authorization}`, `Mcp-Session-Id: ${session}`];
    const body = JSON.stringify(toolCall('whoami'));
    const ours = rawRequest('POST', lines, body);
    const rebound = ours.replace('Host: localhost', 'Host: evil.example');
    const page = rawRequest('POST', [...lines, 'Origin: https://evil.example'], body);
    const replies = await sendRaw(target.port, ours + rebound + ours + page + ours, { count: 5 });
    expect(replies.map(({ status }) => status)).to.deep.equal([200, 403, 200, 403, 200]);
    expect(target.ran).to.have.length(3);
  });

  it('stands behind no other guard: a page is refused also with a live session and everything right', async () => {
    const reached: string[] = [];
    const spy: RequestHandler = (request, _response, next) => {
      reached.push(request.method);
      next();
    };
    await using target = await stand({ first: [mcpOriginGuard(), spy] });
    const session = await begin(target, as('ada'));
    const reply = await whoami(target, { ...as('ada'), origin: 'http://localhost.evil.example' }, session);
    expect([reply.status, reply.code, reached]).to.deep.equal([403, 'forbidden_origin', ['POST']]);
  });
});
