import { request } from 'node:http';

import { expect } from 'chai';
import express, { type RequestHandler } from 'express';

import { basic, type Call, call, initialize, toolCall } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { until } from '../support/gate.js';
import { expectRefusal } from '../support/refusal.js';
import { as, begin, type Headers, type Stand, seenIn, stand, whoami } from './support/stand.js';
import { MCP_LINES, rawRequest, sendRaw } from './support/wire.js';

const ROOMY = 64 * 1024 * 1024;
/** Where a message of ours has room for anything. */
const toolCallWith = (args: string): string =>
  `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"whoami","arguments":${args}}}`;
const initializeWith = (member: string): string =>
  JSON.stringify(initialize()).replace('"params":{', `"params":{${member},`);

const deep = (open: string, close: string, depth = 100_000): string =>
  open.repeat(depth) + close.repeat(depth);
const keys = (count: number): string =>
  `{${Array.from({ length: count }, (_, i) => `"k${i.toString(36)}":0`).join(',')}}`;

/** Nothing of this may run, or reach a prototype. */
const POISON: readonly (readonly [string, string])[] = [
  ['arrays 100,000 deep', deep('[', ']')],
  ['objects 100,000 deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['an argument 100,000 deep', toolCallWith(`{"a":${deep('[', ']')}}`)],
  [
    'an argument of both, 100,000 deep',
    toolCallWith(`{"a":${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}}`),
  ],
  ['an initialize 100,000 deep', initializeWith(`"x":${deep('[', ']')}`)],
  ['__proto__ at the top', toolCallWith('{}').replace('{', '{"__proto__":{"polluted":1},')],
  ['__proto__ in an argument', toolCallWith('{"__proto__":{"polluted":1}}')],
  ['__proto__ in a list of an argument', toolCallWith('{"a":[{"b":{"__proto__":{"polluted":1}}}]}')],
  ['__proto__, escaped', toolCallWith('{"\\u005f_proto\\u005F_":{"polluted":1}}')],
  ['__proto__ that is null', toolCallWith('{"__proto__":null}')],
  ['__proto__ in initialize', initializeWith('"__proto__":{"polluted":1}')],
];
/** What only those can be asked who read text. */
const NO_JSON: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['blanks', ' \r\n\t'],
  ['half of it', toolCallWith('{}').slice(0, -1)],
  ['two of it', toolCallWith('{}').repeat(2)],
  ['a trailing comma', toolCallWith('{},')],
  ['single quotes', "{'jsonrpc':'2.0'}"],
  ['a comment', `/**/${toolCallWith('{}')}`],
  ['NaN', toolCallWith('NaN')],
  ['a form', 'access_token=x'],
];
/** What only those can be asked who read bytes. */
const NO_TEXT: readonly (readonly [string, string | Buffer])[] = [
  ['a byte order mark', `\ufeff${toolCallWith('{}')}`],
  ['UTF-16', Buffer.from(toolCallWith('{}'), 'utf16le')],
  [
    'broken UTF-8',
    Buffer.concat([Buffer.from(toolCallWith('{"a":"X"}').replace('X', '')), Buffer.from([0xff])]),
  ],
  ['a lone continuation byte', Buffer.from(toolCallWith('{"a":"\u00ff"}'), 'latin1')],
];
/** JSON that is no message. */
const NO_MESSAGE = [
  'null',
  'true',
  '1',
  '"initialize"',
  '{}',
  '[1]',
  '[[]]',
  '{"method":"initialize"}',
  '{"jsonrpc":"1.0"}',
];

const PARSERS: readonly (readonly [string, readonly RequestHandler[]])[] = [
  ['read by the handler', []],
  ['read by express.json before it', [express.json({ limit: ROOMY, strict: false })]],
  ['read by express.text before it', [express.text({ limit: ROOMY, type: '*/*' })]],
  ['read by express.raw before it', [express.raw({ limit: ROOMY, type: '*/*' })]],
];

const expectClean = (): void => {
  expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
  expect(([] as { polluted?: unknown }).polluted).to.equal(undefined);
};

describe('C5: a body is JSON of a sane shape and size, in time, or it is refused', () => {
  const post = ({ url }: Stand, body: Call['body'], headers: Headers = {}) =>
    call(url, { headers: { ...as('ada'), ...headers }, body });

  for (const [how, first] of PARSERS) {
    it(`refuses depth, prototypes and nonsense, ${how}`, async () => {
      await using target = await stand({ first, handler: { maxBodyBytes: ROOMY } });
      const session = { 'mcp-session-id': await begin(target, as('ada')) };
      const unreadable = how.includes('json')
        ? []
        : how.includes('text')
          ? NO_JSON
          : [...NO_JSON, ...NO_TEXT];
      for (const [what, body] of [...POISON, ...unreadable]) {
        const reply = await post(target, body, session);
        expect([reply.status, reply.code], what).to.deep.equal([400, 'invalid_body']);
      }
      for (const body of NO_MESSAGE) expect((await post(target, body, session)).status, body).to.equal(400);
      expectClean();
      expect(target.ran).to.deep.equal([]);
      expect((await whoami(target, as('ada'), session['mcp-session-id'])).status).to.equal(200);
      expect(await target.binding.list()).to.have.length(1);
    });
  }

  it('bounds the bytes, announced or not, and a million keys with them', async () => {
    await using target = await stand();
    const session = { 'mcp-session-id': await begin(target, as('ada')) };
    for (const body of [
      toolCallWith(keys(1_000_000)),
      toolCallWith(`{"a":"${'x'.repeat(1_100_000)}"}`),
      ' '.repeat(1_048_577),
    ]) {
      expectRefusal(await post(target, body, session), 'body_too_large');
      const chunked = await post(target, body, { ...session, 'transfer-encoding': 'chunked' });
      expectRefusal(chunked, 'body_too_large');
    }
    // Announced alone is enough.
    const lines = [...MCP_LINES, `Authorization: ${as('ada').authorization}`, 'Content-Length: 999999999999'];
    const [reply] = await sendRaw(target.port, rawRequest('POST', lines));
    expect(reply?.status).to.equal(413);
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip', 'x']) {
      const reply = await post(target, 'x', { ...session, 'content-encoding': encoding });
      expectRefusal(reply, 'unsupported_media_type');
    }
    expect(target.ran).to.deep.equal([]);
  });

  it('takes as many keys as there is room for as what they are', async () => {
    await using target = await stand();
    const session = { 'mcp-session-id': await begin(target, as('ada')) };
    expect((await post(target, keys(100_000), session)).status).to.equal(400);
    expect((await post(target, toolCallWith(keys(100_000)), session)).status).to.equal(200);
    expect(target.ran).to.deep.equal(['whoami']);
  });

  it('bounds a batch, and begins no session in one', async () => {
    await using target = await stand();
    const session = { 'mcp-session-id': await begin(target, as('ada')) };
    const bodies = [
      Array(101).fill(toolCall('whoami')),
      Array(50_000).fill({}),
      [initialize(), initialize()],
    ];
    for (const body of bodies) expect((await post(target, body, session)).status).to.equal(400);
    expect((await post(target, [initialize()])).status).to.equal(400);
    expect({ ran: target.ran, sessions: (await target.binding.list()).length }).to.deep.equal({
      ran: [],
      sessions: 1,
    });
  });

  it('bounds the time, whether it is the handler or the session binding that reads', async () => {
    await using target = await stand();
    for (const session of [{}, { 'mcp-session-id': '_'.repeat(43) }]) {
      using held = holdTimeouts(10_000);
      const status = new Promise<number>((resolve, reject) => {
        const headers = {
          ...as('ada'),
          ...session,
          'content-type': 'application/json',
          'content-length': '100',
        };
        const accept = 'application/json, text/event-stream';
        const slow = request({
          port: target.port,
          path: '/mcp',
          method: 'POST',
          headers: { ...headers, accept },
        });
        slow.on('response', ({ statusCode = 0 }) => resolve(statusCode)).on('error', reject);
        slow.write('{');
      });
      await until('the body is awaited', () => held.count > 0);
      held.fire();
      expect(await status).to.equal(408);
    }
  });
});

describe('C7: two people on one connection stay two people', () => {
  it('answers 200 pairs of pipelined calls each as its own caller, with wrong ones in between', async () => {
    await using target = await stand({ limiter: { points: 1000 } });
    const people = ['ada', 'bob'];
    const sessions = new Map<string, string>();
    for (const name of people) sessions.set(name, await begin(target, as(name)));
    const body = JSON.stringify(toolCall('whoami'));
    const ask = (authorization: string, session: string | undefined): string =>
      rawRequest(
        'POST',
        [...MCP_LINES, `Authorization: ${authorization}`, `Mcp-Session-Id: ${session}`],
        body,
      );
    const expected: string[] = [];
    let bytes = '';
    for (let pair = 0; pair < 200; pair += 1) {
      for (const name of pair % 2 ? people : [...people].reverse()) {
        bytes += ask(as(name).authorization ?? '', sessions.get(name));
        expected.push(`person ${name}`);
      }
      const [mine, other] = pair % 2 ? people : [...people].reverse();
      // A stranger's password, a stranger's session, and nobody at all, between the two.
      bytes += ask(basic(mine ?? '', `wrong ${pair}`), sessions.get(mine ?? ''));
      bytes += ask(as(mine ?? '').authorization ?? '', sessions.get(other ?? ''));
      bytes += rawRequest('POST', [...MCP_LINES, `Mcp-Session-Id: ${sessions.get(mine ?? '')}`], body);
      expected.push('401', '404', '401');
    }
    const replies = await sendRaw(target.port, bytes, { count: 1000, timeoutMs: 9000 });
    const got = replies.map(({ status, body: text }) => {
      if (status !== 200) return String(status);
      const { created, current, subject } = seenIn(text);
      return new Set([created, current, subject]).size === 1 ? created : `${created}, ${current}, ${subject}`;
    });
    expect(got).to.deep.equal(expected);
    // Each of the two once, and each of the 200 wrong passwords.
    expect(target.verified).to.have.length(202);
  });

  it('keeps a stateless endpoint’s callers apart too, before any of them has proved anything', async () => {
    await using target = await stand({ limiter: false, binding: false, basic: { maxConcurrent: 100 } });
    const body = JSON.stringify(toolCall('whoami'));
    const names = Array.from({ length: 400 }, (_, i) => (i % 2 ? 'ada' : 'bob'));
    const bytes = names.map((name) =>
      rawRequest('POST', [...MCP_LINES, `Authorization: ${as(name).authorization}`], body),
    );
    const replies = await sendRaw(target.port, bytes.join(''), { count: 400, timeoutMs: 9000 });
    expect(replies.map(({ body: text }) => seenIn(text).current)).to.deep.equal(
      names.map((name) => `person ${name}`),
    );
    expect([...target.verified].sort()).to.deep.equal(['ada', 'bob']);
  });
});
