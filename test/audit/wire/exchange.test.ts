import { getEventListeners } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';

import { exchange, NoAnswer, type Request } from '../../../lib/audit/wire/exchange.js';
import type { Reply } from '../../../lib/audit/wire/reply.js';

describe('an exchange', () => {
  const limits = { timeoutMs: 300, maxBytes: 1000 };
  /** Longer than any test may take. */
  const patient = { timeoutMs: 60_000, maxBytes: 1000 };

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

  it('names the host of its URL, and no length where there is no body', async () => {
    const seen: string[][] = [];
    await withServer(
      (request, response) => {
        seen.push(request.rawHeaders);
        response.end();
      },
      async (url) => {
        await exchange(url, { method: 'GET', headers: [['X-Host', 'x']] }, patient);
        expect(seen).to.deep.equal([['Host', url.host, 'X-Host', 'x', 'Connection', 'close']]);
      },
    );
  });

  it('is over as soon as its answer is', async () => {
    await withServer(
      (_request, response) => response.writeHead(201, { 'x-a': 'b' }).end('all of it'),
      async (url) => {
        const { status, text, rawHeaders, askedId } = await exchange(url, { ...get, askedId: 'a' }, patient);
        expect([status, text, askedId]).to.deep.equal([201, 'all of it', 'a']);
        expect(rawHeaders.slice(0, 2)).to.deep.equal(['x-a', 'b']);
      },
    );
  });

  it('is over as soon as it has told enough: its head, or some of what follows', async () => {
    await withServer(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        setImmediate(() => response.write('data: 1\n\n'));
      },
      async (url) => {
        const head = await exchange(url, { ...get, isEnough: () => true }, patient);
        expect([head.status, head.text]).to.deep.equal([200, '']);
        const asked: string[] = [];
        const isEnough = ({ text }: Reply): boolean => asked.push(text) > 1;
        expect((await exchange(url, { ...get, isEnough }, patient)).text).to.equal('data: 1\n\n');
        expect(asked).to.deep.equal(['', 'data: 1\n\n']);
      },
    );
  });

  it('is over as soon as it is as long as it may be', async () => {
    let length = 0;
    await withServer(
      (_request, response) => {
        response.write('x'.repeat(length));
      },
      async (url) => {
        for (length of [1000, 1001]) expect((await exchange(url, get, patient)).text).to.have.length(length);
        length = 999;
        expect((await exchange(url, get, { ...limits, timeoutMs: 100 })).text).to.have.length(999);
      },
    );
  });

  it('hears of a signal while it goes on, and not after', async () => {
    const giving = new AbortController();
    await withServer(
      (_request, response) => {
        response.write('data: 1\n\n');
      },
      async (url) => {
        const isEnough = ({ text }: Reply): boolean => {
          if (text !== '') giving.abort();
          return false;
        };
        const { signal } = giving;
        expect((await exchange(url, { ...get, isEnough, signal }, patient)).text).to.equal('data: 1\n\n');
        const own = new AbortController();
        await exchange(url, { ...get, isEnough: () => true, signal: own.signal }, patient);
        for (const one of [signal, own.signal]) expect(getEventListeners(one, 'abort')).to.deep.equal([]);
      },
    );
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
    expect(new NoAnswer('x').name).to.equal('NoAnswer');
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
