import { expect } from 'chai';
import type { Response as ExpressResponse } from 'express';

import { MAX_BACKLOG_BYTES, writeWebResponse } from '../../lib/handler/web-response.js';
import { call, open } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { type Served, serve } from '../support/serve.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { fakeResponse } from './support.js';

const SSE = { 'content-type': 'text/event-stream' };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Source {
  readonly stream: ReadableStream<Uint8Array>;
  push(text: string | Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
  readonly isCancelled: boolean;
}

/** A stream that is fed by hand. */
function source(): Source {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start(made) {
      controller = made;
    },
    cancel() {
      isCancelled = true;
    },
  });
  return {
    stream,
    push: (text) => controller?.enqueue(typeof text === 'string' ? bytes(text) : text),
    end: () => controller?.close(),
    fail: (error) => controller?.error(error),
    get isCancelled() {
      return isCancelled;
    },
  };
}

interface Writing {
  readonly served: Served;
  /** The response that was written to. */
  response(): ExpressResponse;
  /** Resolves when `writeWebResponse` has. */
  readonly written: Promise<void>;
}

/** A server that answers its one request with `web`; `before` comes first. */
async function writing(
  web: Response,
  before: (response: ExpressResponse) => unknown = () => {},
): Promise<Writing> {
  const done = gate();
  let seen: ExpressResponse | undefined;
  const served = await serve(async (_request, response) => {
    seen = response;
    await before(response);
    writeWebResponse(web, response).then(done.open, done.fail);
  });
  return { served, response: () => seen as ExpressResponse, written: done.opened };
}

describe('writeWebResponse', () => {
  failsOnUnhandledRejections();

  for (const parts of [[], ['{"a":', '"\u00e9"', '}']]) {
    it(`writes a body that comes in ${parts.length} parts, with its length`, async () => {
      const { stream, push, end } = source();
      for (const part of parts) push(part);
      end();
      const web = new Response(stream, { headers: { 'content-type': 'application/json' } });
      const { served, written } = await writing(web);
      await using _served = served;
      const { headers, text } = await call(served.url);
      await written;
      const body = parts.join('');
      expect(text).to.equal(body);
      expect(headers['content-length']).to.equal(String(Buffer.byteLength(body)));
    });
  }

  it('writes status, headers and body, with its length', async () => {
    const web = new Response('{"a":"\u00e9"}', {
      status: 404,
      headers: { 'content-type': 'application/json', 'mcp-session-id': 'id', 'x-two': 'b' },
    });
    const { served, written } = await writing(web);
    await using _ = served;
    const reply = await call(served.url);
    await written;
    expect(reply.status).to.equal(404);
    expect(reply.json).to.deep.equal({ a: '\u00e9' });
    expect(reply.headers).to.include({
      'content-type': 'application/json',
      'content-length': '10',
      'mcp-session-id': 'id',
      'x-two': 'b',
    });
  });

  it('writes a body of no type, all at once', async () => {
    const { stream, push, end } = source();
    push('a');
    end();
    const { served, written } = await writing(new Response(stream));
    await using _ = served;
    expect((await call(served.url)).headers['content-length']).to.equal('1');
    await written;
  });

  it('writes what has no body', async () => {
    const { served, written } = await writing(new Response(null, { status: 202 }));
    await using _ = served;
    const reply = await call(served.url);
    await written;
    expect(reply).to.include({ status: 202, text: '' });
  });

  describe('a stream', () => {
    it('shows its head before its first event', async () => {
      const { stream, push, end } = source();
      const { served, written } = await writing(new Response(stream, { headers: SSE }));
      await using _ = served;
      const incoming = await open(served.url);
      expect(incoming.statusCode).to.equal(200);
      expect(incoming.headers['content-type']).to.equal('text/event-stream');
      push('data: 1\n\n');
      end();
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).to.equal('data: 1\n\n');
      await written;
    });

    it('is one by its type, whatever comes after that', async () => {
      const fed = source();
      const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
      const { served, written } = await writing(new Response(fed.stream, { headers }));
      await using _ = served;
      const incoming = await open(served.url);
      incoming.resume();
      expect(incoming.headers['content-length']).to.equal(undefined);
      fed.end();
      await written;
    });

    it('is copied piece by piece, as it comes', async () => {
      const { stream, push, end } = source();
      const { served, written } = await writing(new Response(stream, { headers: SSE }));
      await using _ = served;
      const incoming = await open(served.url);
      const seen: string[] = [];
      incoming.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
      for (const text of ['one', 'two', 'three']) {
        push(text);
        await until(`${text} has come`, () => seen.includes(text));
      }
      end();
      await written;
    });

    it('is let go of when its client is gone', async () => {
      const fed = source();
      const { served, written } = await writing(new Response(fed.stream, { headers: SSE }));
      await using _ = served;
      const incoming = await open(served.url);
      incoming.on('error', () => {});
      incoming.destroy();
      await written;
      expect(fed.isCancelled).to.equal(true);
    });

    it('E4 ends where the answer is ended from outside, and nothing comes after', async () => {
      const fed = source();
      const { served, response, written } = await writing(new Response(fed.stream, { headers: SSE }));
      await using _ = served;
      const incoming = await open(served.url);
      const chunks: Buffer[] = [];
      const reading = (async () => {
        for await (const chunk of incoming) chunks.push(chunk as Buffer);
      })();
      fed.push('before');
      await until('it has come', () => chunks.length === 1);
      response().end();
      fed.push('after');
      await reading;
      await written;
      expect(Buffer.concat(chunks).toString()).to.equal('before');
      expect(fed.isCancelled).to.equal(true);
    });

    it('A12 is cut off where its client leaves more than 4 MiB unread', async () => {
      const fed = source();
      const { served, response, written } = await writing(new Response(fed.stream, { headers: SSE }));
      await using _ = served;
      const incoming = await open(served.url);
      incoming.on('error', () => {});
      incoming.pause();
      const chunk = new Uint8Array(1024 * 1024);
      for (let i = 0; i < 64; i += 1) fed.push(chunk);
      await written;
      expect(response().destroyed).to.equal(true);
      expect(fed.isCancelled).to.equal(true);
      incoming.destroy();
    });

    it('A12 goes on where its client leaves 4 MiB unread, and not a byte more', async () => {
      for (const [backlog, isCut] of [
        [MAX_BACKLOG_BYTES, false],
        [MAX_BACKLOG_BYTES + 1, true],
      ] as const) {
        const { response, text } = fakeResponse();
        let destroyed = 0;
        Object.assign(response, { writableLength: backlog, destroy: () => (destroyed += 1) });
        const fed = source();
        fed.push('data: 1\n\n');
        fed.end();
        await writeWebResponse(new Response(fed.stream, { headers: SSE }), response);
        expect([destroyed, text()]).to.deep.equal(isCut ? [1, ''] : [0, 'data: 1\n\n']);
      }
    });

    it('ends, and says so, where its source fails', async () => {
      const fed = source();
      const { served, response, written } = await writing(new Response(fed.stream, { headers: SSE }));
      await using _ = served;
      const incoming = await open(served.url);
      incoming.resume();
      const failing = written.catch((error: unknown) => error);
      const error = new Error('source');
      fed.fail(error);
      expect(await failing).to.equal(error);
      expect(response().writableEnded).to.equal(true);
    });

    it('E6 leaves no listener on a response that it has finished', async () => {
      const { stream, push, end } = source();
      let before = 0;
      const { served, response, written } = await writing(new Response(stream, { headers: SSE }), (made) => {
        before = made.listenerCount('close');
      });
      await using _ = served;
      const incoming = await open(served.url);
      push('x');
      end();
      incoming.resume();
      await written;
      expect(response().listenerCount('close')).to.be.at.most(before);
    });
  });

  describe('does nothing', () => {
    it('where an answer has begun, and lets go of the stream', async () => {
      const fed = source();
      const { served, written } = await writing(new Response(fed.stream, { headers: SSE }), (response) => {
        response.writeHead(418).end('mine');
      });
      await using _ = served;
      expect(await call(served.url)).to.include({ status: 418, text: 'mine' });
      await written;
      expect(fed.isCancelled).to.equal(true);
    });

    it('where an answer has begun, and there is a body without a stream, or none', async () => {
      for (const web of [new Response('{}', { status: 500 }), new Response(null, { status: 202 })]) {
        const { served, written } = await writing(web, (response) => response.writeHead(418).end('mine'));
        await using _ = served;
        expect(await call(served.url)).to.include({ status: 418, text: 'mine' });
        await written;
      }
    });

    it('where the client is gone', async () => {
      const fed = source();
      const { served, response, written } = await writing(
        new Response(fed.stream, { headers: SSE }),
        (made) => {
          made.destroy();
        },
      );
      await using _ = served;
      await call(served.url).catch(() => {});
      await written;
      expect(response().headersSent).to.equal(false);
      expect(fed.isCancelled).to.equal(true);
    });
  });
});
