import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';

import { expect } from 'chai';
import type { Request } from 'express';

import { type Body, DEFAULT_MAX_BODY_BYTES, readBody } from '../lib/request-body.js';
import { holdTimeouts } from './support/clock.js';
import { failsOnUnhandledRejections } from './support/unhandled.js';

const TIMEOUT_MS = 10_000;
const JSON_TYPE = { 'content-type': 'application/json' };

type Incoming = Request & PassThrough;

/** A request whose body is still to come. */
function incoming(headers: Record<string, string> = JSON_TYPE, body?: unknown): Incoming {
  return Object.assign(new PassThrough(), {
    headers,
    ...(body !== undefined && { body }),
  }) as unknown as Incoming;
}

/** A request with its whole body. */
function complete(text: string | Buffer, headers?: Record<string, string>): Incoming {
  const request = incoming(headers);
  request.end(text);
  return request;
}

/** A request whose body a parser before us has read. */
async function parsedBefore(body: unknown, headers?: Record<string, string>): Promise<Incoming> {
  const request = complete('whatever', headers);
  request.resume();
  await new Promise((resolve) => request.once('end', resolve));
  return body === undefined ? request : Object.assign(request, { body });
}

const codeOf = (body: Body): string => (body.kind === 'refused' ? body.code : 'parsed');
const bytes = (text: string): number => Buffer.byteLength(text);

describe('readBody', () => {
  failsOnUnhandledRejections();

  it('reads JSON, and leaves it in the request', async () => {
    for (const value of [{ method: 'x' }, [1, { a: null }], 'text', 5, null, true]) {
      const request = complete(JSON.stringify(value));
      expect(await readBody(request, 1000)).to.deep.equal({ kind: 'parsed', value });
      expect(request.body).to.deep.equal(value);
    }
  });

  it('reads it out of many pieces, cut anywhere', async () => {
    const request = incoming();
    const reading = readBody(request, 1000);
    for (const byte of Buffer.from('{"name":"\u00e9\u{1f600}"}')) request.write(Buffer.from([byte]));
    request.end();
    expect(await reading).to.deep.equal({ kind: 'parsed', value: { name: '\u00e9\u{1f600}' } });
  });

  it('is read once: who asks again is given what it was', async () => {
    const request = complete('{"a":1}');
    await readBody(request, 1000);
    expect(await readBody(request, 1000)).to.deep.equal({ kind: 'parsed', value: { a: 1 } });
  });

  it('is no larger for who allows less, although another has read it', async () => {
    const request = complete('{"a":1}');
    expect(codeOf(await readBody(request, 1000))).to.equal('parsed');
    expect(codeOf(await readBody(request, 6))).to.equal('body_too_large');
    expect(codeOf(await readBody(request, 7))).to.equal('parsed');
  });

  for (const text of ['', ' ', '{', '{"a":1}x', "{'a':1}", '\ufeff{}', 'undefined', '{"__proto__":{}}']) {
    it(`C5 refuses ${JSON.stringify(text)}, and leaves nothing`, async () => {
      const request = complete(text);
      expect(await readBody(request, 1000)).to.deep.equal({ kind: 'refused', code: 'invalid_body' });
      expect('body' in request).to.equal(false);
    });
  }

  it('C5 refuses bytes that are no UTF-8', async () => {
    expect(codeOf(await readBody(complete(Buffer.from([0x22, 0xff, 0x22])), 1000))).to.equal('invalid_body');
  });

  describe('media types', () => {
    for (const type of [
      undefined,
      '',
      'text/plain',
      'application/jsonp',
      'application/x-www-form-urlencoded',
    ]) {
      it(`F6 refuses ${type}`, async () => {
        const request = complete('{}', type === undefined ? {} : { 'content-type': type });
        expect(codeOf(await readBody(request, 1000))).to.equal('unsupported_media_type');
      });
    }

    it('F6 refuses them also where a parser has read the body', async () => {
      const request = await parsedBefore({ a: 1 }, { 'content-type': 'text/plain' });
      expect(codeOf(await readBody(request, 1000))).to.equal('unsupported_media_type');
    });

    for (const encoding of ['gzip', 'br', 'identity, gzip', 'Identity']) {
      it(`refuses the encoding ${encoding}`, async () => {
        const request = complete('{}', { ...JSON_TYPE, 'content-encoding': encoding });
        expect(codeOf(await readBody(request, 1000))).to.equal('unsupported_media_type');
      });
    }

    it('takes the encoding identity', async () => {
      const request = complete('{}', { ...JSON_TYPE, 'content-encoding': 'identity' });
      expect(codeOf(await readBody(request, 1000))).to.equal('parsed');
    });
  });

  describe('size', () => {
    const text = JSON.stringify('\u00e9'.repeat(10));

    it('is counted in bytes: as many as allowed, and not one more', async () => {
      expect(codeOf(await readBody(complete(text), bytes(text)))).to.equal('parsed');
      expect(codeOf(await readBody(complete(text), bytes(text) - 1))).to.equal('body_too_large');
    });

    it('may be what is allowed by Content-Length, too', async () => {
      const request = complete(text, { ...JSON_TYPE, 'content-length': String(bytes(text)) });
      expect(codeOf(await readBody(request, bytes(text)))).to.equal('parsed');
    });

    it('is refused by Content-Length before a byte is read', async () => {
      const request = incoming({ ...JSON_TYPE, 'content-length': '1001' });
      expect(codeOf(await readBody(request, 1000))).to.equal('body_too_large');
    });

    it('C5 is counted, whatever Content-Length says', async () => {
      for (const length of ['1', 'x', '-5', '']) {
        const request = complete(text, { ...JSON_TYPE, 'content-length': length });
        expect(codeOf(await readBody(request, 10))).to.equal('body_too_large');
      }
    });

    it('is refused as soon as it is too much; what comes after is thrown away', async () => {
      const request = incoming();
      const reading = readBody(request, 10);
      request.write('x'.repeat(11));
      expect(codeOf(await reading)).to.equal('body_too_large');
      for (let i = 0; i < 100; i += 1) request.write('y'.repeat(100_000));
      request.end();
      await new Promise((resolve) => request.once('end', resolve));
      expect(request.readableLength).to.equal(0);
    });

    it('is 1 MiB by default', () => {
      expect(DEFAULT_MAX_BODY_BYTES).to.equal(1_048_576);
    });
  });

  describe('time', () => {
    it('C5 is bounded for a body that does not end', async () => {
      using timeouts = holdTimeouts(TIMEOUT_MS);
      const request = incoming();
      const reading = readBody(request, 1000);
      request.write('{');
      timeouts.fire();
      expect(codeOf(await reading)).to.equal('body_timeout');
    });

    it('is bounded as asked', async () => {
      using timeouts = holdTimeouts(1234);
      const reading = readBody(incoming(), 1000, 1234);
      timeouts.fire();
      expect(codeOf(await reading)).to.equal('body_timeout');
    });

    it('E6 leaves no timer and no listener behind', async () => {
      using timeouts = holdTimeouts(TIMEOUT_MS);
      const request = incoming();
      const before = request.eventNames().map((name) => [name, request.listenerCount(name)]);
      const reading = readBody(request, 1000);
      expect(timeouts.count).to.equal(1);
      request.end('{}');
      await reading;
      expect(timeouts.count).to.equal(0);
      expect(request.eventNames().map((name) => [name, request.listenerCount(name)])).to.deep.equal(before);
    });
  });

  describe('a body that came with its headers', () => {
    const sized = (text: string): Record<string, string> => ({
      ...JSON_TYPE,
      'content-length': String(bytes(text)),
    });
    const listenersOf = (request: Incoming): unknown[] =>
      request.eventNames().map((name) => [name, request.listenerCount(name)]);

    it('E6 is read without a timer, to its end, and leaves no listener behind', async () => {
      using timeouts = holdTimeouts(TIMEOUT_MS);
      const text = '{"name":"\u00e9\u{1f600}"}';
      const request = complete(text, sized(text));
      const before = listenersOf(request);
      const reading = readBody(request, 1000);
      for (let turn = 0; turn < 3; turn += 1) {
        await undefined;
        expect(timeouts.count).to.equal(0);
      }
      expect(await reading).to.deep.equal({ kind: 'parsed', value: { name: '\u00e9\u{1f600}' } });
      expect(request.readableEnded).to.equal(true);
      expect(listenersOf(request)).to.deep.equal(before);
      expect(await readBody(request, 1000)).to.deep.equal({ kind: 'parsed', value: request.body });
      expect(codeOf(await readBody(request, bytes(text) - 1))).to.equal('body_too_large');
    });

    it('is waited for where only a part of it came', async () => {
      const text = '{"a":1}';
      const request = incoming(sized(text));
      request.write(text.slice(0, 3));
      const reading = readBody(request, 1000);
      await new Promise(setImmediate);
      request.end(text.slice(3));
      expect(await reading).to.deep.equal({ kind: 'parsed', value: { a: 1 } });
    });

    it('is not handed on before the request is at its end, for whoever reads that next', async () => {
      const text = '{"a":1}';
      const request = incoming(sized(text));
      request.write(text);
      let isRead = false;
      const reading = readBody(request, 1000).then((body) => {
        isRead = true;
        return body;
      });
      await new Promise(setImmediate);
      expect(isRead).to.equal(false);
      request.end();
      expect(await reading).to.deep.equal({ kind: 'parsed', value: { a: 1 } });
      expect(request.readableEnded).to.equal(true);
    });

    it('leaves nobody waiting whose client has gone meanwhile', async () => {
      using timeouts = holdTimeouts(TIMEOUT_MS);
      const text = '{"a":1}';
      const cut = incoming(sized(text));
      cut.write(text);
      const before = listenersOf(cut);
      const reading = readBody(cut, 1000);
      await new Promise(setImmediate);
      cut.destroy();
      expect(codeOf(await reading)).to.equal('parsed');
      expect(listenersOf(cut)).to.deep.equal(before);

      const gone = complete(text, sized(text));
      const refusing = readBody(gone, 1000);
      gone.destroy();
      expect(codeOf(await refusing)).to.equal('invalid_body');
      expect(timeouts.count).to.equal(0);
    });

    it('is read like any other over HTTP, and what is read after it finds its end', async () => {
      const seen: unknown[] = [];
      const server = createServer(async (request, response) => {
        const body = await readBody(request as unknown as Request, 100_000);
        seen.push([body.kind === 'parsed' && body.value, request.readableEnded, request.complete]);
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, resolve));
      const { port } = server.address() as AddressInfo;
      const values = [{ a: 1 }, 'x'.repeat(80_000), [1]];
      for (const value of values) {
        const answer = await fetch(`http://127.0.0.1:${port}/`, {
          method: 'POST',
          headers: JSON_TYPE,
          body: JSON.stringify(value),
        });
        await answer.text();
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      expect(seen).to.deep.equal(values.map((value) => [value, true, true]));
    });
  });

  for (const what of ['error', 'close'] as const) {
    it(`is refused where the client goes away: ${what}`, async () => {
      const request = incoming();
      const reading = readBody(request, 1000);
      request.write('{"a":');
      if (what === 'error') request.destroy(new Error('aborted'));
      else request.destroy();
      expect(codeOf(await reading)).to.equal('invalid_body');
    });
  }

  describe('a body that a parser before us has read', () => {
    it('is taken as it is', async () => {
      const value = { method: 'x' };
      const body = await readBody(await parsedBefore(value), 1000);
      expect(body.kind === 'parsed' && body.value).to.equal(value);
    });

    for (const text of ['{"a":1}', Buffer.from('{"a":1}')]) {
      it(`is read where it is ${typeof text === 'string' ? 'text' : 'bytes'}`, async () => {
        expect(await readBody(await parsedBefore(text), 1000)).to.deep.equal({
          kind: 'parsed',
          value: { a: 1 },
        });
      });
    }

    for (const text of ['{', '', '{"__proto__":1}', Buffer.from([0xff])]) {
      it(`is refused where it is no JSON: ${JSON.stringify(text)}`, async () => {
        expect(codeOf(await readBody(await parsedBefore(text), 1000))).to.equal('invalid_body');
      });
    }

    it('C5 is refused where no parser of ours would have made it', async () => {
      const polluted = JSON.parse('{"a":{"__proto__":{"polluted":true}}}') as unknown;
      let deep: unknown = 1;
      for (let i = 0; i < 201; i += 1) deep = [deep];
      for (const value of [polluted, deep]) {
        expect(codeOf(await readBody(await parsedBefore(value), 1000))).to.equal('invalid_body');
      }
    });

    it('is refused where nothing is left of it', async () => {
      expect(codeOf(await readBody(await parsedBefore(undefined), 1000))).to.equal('invalid_body');
    });

    it('is known by its end where the stream does not say that it was read', async () => {
      const request = Object.assign(new EventEmitter(), {
        headers: JSON_TYPE,
        readableEnded: true,
        readableDidRead: false,
        body: { a: 1 },
      });
      expect(codeOf(await readBody(request as unknown as Request, 1000))).to.equal('parsed');
    });
  });
});
