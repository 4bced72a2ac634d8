import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';

import { parseChallenges } from '../../lib/audit/wire/challenges.js';
import { parseEvents } from '../../lib/audit/wire/event-stream.js';
import { exchange, NoAnswer, type Request } from '../../lib/audit/wire/exchange.js';
import { eventsOf, isServed, messagesOf, type Reply, resultOf } from '../../lib/audit/wire/reply.js';

const replyWith = (status: number, text: string, type = 'application/json'): Reply => ({
  ...{ status, text, rawHeaders: ['Content-Type', type], askedId: 'a' },
});

describe('what counts as served', () => {
  const result = '{"jsonrpc":"2.0","id":"a","result":{}}';
  const table: readonly (readonly [string, Reply, boolean])[] = [
    ['a 2xx with a result of the id that was asked', replyWith(200, result), true],
    ['the same in an event', replyWith(200, `data: ${result}\n\n`, 'text/event-stream; charset=utf-8'), true],
    ['the same in a batch', replyWith(200, `[${result}]`), true],
    ['an event that is not complete', replyWith(200, `data: ${result}\n`, 'text/event-stream'), false],
    ['a result of another id', replyWith(200, result.replace('"a"', '"b"')), false],
    ['an error', replyWith(200, '{"jsonrpc":"2.0","id":"a","error":{"code":-32601}}'), false],
    ['an empty 202', replyWith(202, ''), false],
    ['a page', replyWith(200, '<h1>Hello</h1>', 'text/html'), false],
    ['JSON that is no message', replyWith(200, '{"id":"a","result":{}}'), false],
    ['a refusal that looks like a result', replyWith(401, result), false],
    ['a request without an id', { ...replyWith(200, result), askedId: undefined }, false],
  ];
  for (const [what, reply, expected] of table) {
    it(`${what}: ${expected ? 'yes' : 'no'}`, () => expect(isServed(reply)).to.equal(expected));
  }

  it('hands over the result, the messages and the events', () => {
    expect(resultOf(replyWith(200, result))).to.deep.equal({});
    expect(messagesOf(replyWith(200, 'null'))).to.deep.equal([]);
    expect(eventsOf(replyWith(200, 'data: x\n\n'))).to.deep.equal([]);
  });
});

describe('parseEvents', () => {
  it('reads ids, names and data in lines of all kinds, and leaves what is not complete', () => {
    const text = '\ufeff: hello\r\nid: 1\r\nevent:endpoint\r\ndata: /a\r\ndata\r\n\r\nid\ndata: x\n\ndata: y';
    expect(parseEvents(text)).to.deep.equal([
      { id: '1', event: 'endpoint', data: '/a\n' },
      { id: '', event: 'message', data: 'x' },
    ]);
  });
});

describe('parseChallenges', () => {
  const good: readonly (readonly [string, readonly (readonly [string, object, string?])[]])[] = [
    ['Basic realm="mcp", charset="UTF-8"', [['basic', { realm: 'mcp', charset: 'UTF-8' }]]],
    ['Bearer', [['bearer', {}]]],
    ['Bearer realm = x , Error=invalid_token', [['bearer', { realm: 'x', error: 'invalid_token' }]]],
    [
      'Bearer realm="a \\"b\\", c", Basic realm="d", Negotiate',
      [
        ['bearer', { realm: 'a "b", c' }],
        ['basic', { realm: 'd' }],
        ['negotiate', {}],
      ],
    ],
    [
      'Negotiate YWJj==, Basic realm=""',
      [
        ['negotiate', {}, 'YWJj=='],
        ['basic', { realm: '' }],
      ],
    ],
    ['Basic realm=', [['basic', {}, 'realm=']]],
    ['MCP-Token realm="mcp",', [['mcp-token', { realm: 'mcp' }]]],
  ];
  for (const [line, expected] of good) {
    it(`reads ${line}`, () => {
      const read = parseChallenges(line)?.map(({ scheme, parameters, token68 }) => [
        ...[scheme, Object.fromEntries(parameters)],
        ...(token68 === undefined ? [] : [token68]),
      ]);
      expect(read).to.deep.equal(expected);
    });
  }

  const bad = [
    '',
    'realm="x"',
    'Basic realm="x',
    'Basic realm="x" charset="UTF-8"',
    'Basic realm="a", realm="b"',
    'Bearer realm="x"y',
    'Be@rer realm="x"',
    'Bearer realm=x@y',
    '"Bearer"',
  ];
  for (const line of bad) {
    it(`refuses ${line}`, () => expect(parseChallenges(line)).to.equal(undefined));
  }
});

describe('an exchange', () => {
  const limits = { timeoutMs: 300, maxBytes: 1000 };

  async function withServer(listener: RequestListener, use: (url: URL) => Promise<void>): Promise<void> {
    const server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`));
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  const get: Request = { method: 'GET', headers: [] };

  it('sends headers as they are: twice, and another Host', async () => {
    const seen: string[][] = [];
    await withServer(
      (request, response) => {
        seen.push(request.rawHeaders);
        response.end();
      },
      async (url) => {
        const headers = [
          ['Authorization', 'a'],
          ['Authorization', 'b'],
          ['Host', 'audit.invalid'],
        ] as const;
        await exchange(url, { method: 'POST', headers, body: 'é' }, limits);
      },
    );
    expect(seen).to.deep.equal([
      [
        'Authorization',
        'a',
        'Authorization',
        'b',
        'Host',
        'audit.invalid',
        'Content-Length',
        '2',
        'Connection',
        'close',
      ],
    ]);
  });

  it('reads no more than its limits, however long a body or a stream goes on', async () => {
    await withServer(
      (request, response) => {
        response.write(request.url === '/endless' ? 'x'.repeat(5000) : 'data: x\n\n');
      },
      async (url) => {
        const long = await exchange(new URL('/endless', url), get, limits);
        expect(long.text.length).to.be.at.least(1000);
        const stream = await exchange(url, get, limits);
        expect(stream.text).to.equal('data: x\n\n');
      },
    );
  });

  it('follows no redirect', async () => {
    const paths: unknown[] = [];
    await withServer(
      (request, response) => {
        paths.push(request.url);
        response.writeHead(307, { location: '/elsewhere' }).end();
      },
      async (url) => {
        expect((await exchange(url, get, limits)).status).to.equal(307);
      },
    );
    expect(paths).to.deep.equal(['/mcp']);
  });

  it('rejects where no answer comes', async () => {
    const errors: unknown[] = [];
    const keep = (error: unknown): unknown => errors.push(error);
    await withServer(
      (request) => {
        if (request.url === '/cut') request.socket.destroy();
      },
      async (url) => {
        await exchange(url, get, limits).catch(keep);
        await exchange(new URL('/cut', url), get, limits).catch(keep);
        const signal = AbortSignal.timeout(50);
        await exchange(url, { ...get, signal }, limits).catch(keep);
      },
    );
    await exchange(new URL('http://localhost:1/'), get, limits).catch(keep);
    await exchange(new URL('https://127.0.0.1:1/'), get, limits).catch(keep);
    expect(errors.map((error) => error instanceof NoAnswer)).to.deep.equal([true, true, true, true, true]);
    expect(
      errors.map((error) => (error as Error).message.replace(/ECONNREFUSED.*/, 'ECONNREFUSED')),
    ).to.deep.equal([
      'no answer within 0.3 s',
      'socket hang up',
      'it was given up',
      ...[(errors[3] as Error).message.replace(/ECONNREFUSED.*/, 'ECONNREFUSED')],
      'connect ECONNREFUSED',
    ]);
    expect((errors[3] as Error).message).to.include('ECONNREFUSED');
  });
});
