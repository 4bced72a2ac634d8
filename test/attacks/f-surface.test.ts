import { inspect } from 'node:util';

import { expect } from 'chai';
import express from 'express';

import { mcpBearerAuth, mcpHandler, mcpLoginLimiter, mcpSessionBinding } from '../../lib/index.js';
import { basic, call, initialize, toolCall } from '../support/call.js';
import { listen } from '../support/events.js';
import { buildServer } from '../support/mcp.js';
import { serve } from '../support/serve.js';
import { catchWarnings } from '../support/warnings.js';
import { as, begin, stand, whoami } from './support/stand.js';
import { rawRequest, sendRaw } from './support/wire.js';

describe('F2: an event is one printable line, whatever people are called', () => {
  const NASTY = [
    'a\r\nSet-Cookie: x=1',
    'a\nauth.succeeded',
    '\u001b[31mred\u001b[0m',
    '\u001b]0;title\u0007',
    'a\u2028b\u2029c\u0085d',
    '\u202egnp.exe',
    'nul\0byte',
    '\u007f\u0008\u000b\u000c',
    '\ud800 lone',
    '\ufeff',
    'a\\u000ab',
    'a\nb',
    '"}\n{"type":"auth.succeeded"',
    '😀 ünïcode',
    '%0d%0a%s%n',
  ];

  it('escapes subjects, tenants, issuers and the names of clients, each differently from every other', async () => {
    using heard = listen();
    using warnings = catchWarnings();
    let nasty = '';
    const binding = mcpSessionBinding();
    await using served = await serve(
      mcpLoginLimiter({ clientKey: () => nasty }),
      mcpBearerAuth({
        verifier: async ({ token }) =>
          token.startsWith('wrong') ? null : { subject: nasty, issuer: nasty, tenant: nasty },
      }),
      binding,
      mcpHandler({
        createServer: ({ principal }) => buildServer(principal),
      }),
    );
    for (const [i, name] of NASTY.entries()) {
      nasty = name;
      const session = await begin(served, { authorization: `Bearer token-${i}` });
      await whoami(served, { authorization: `Bearer wrong-${i}` }, session);
      await whoami(served, { authorization: `Bearer token-${i}` }, '_'.repeat(43));
      await binding.revoke({ sessionId: session });
    }
    expect(heard.events.length).to.be.at.least(NASTY.length * 5);
    for (const event of heard.events) {
      for (const text of [JSON.stringify(event), ...Object.values(event).map(String)]) {
        expect(text).to.match(/^[\x20-\x7e]*$/);
      }
      expect(inspect(event, { compact: true, breakLength: Infinity })).to.not.include('\n');
    }
    const named = heard.events.filter(({ type }) => type === 'session.started');
    expect(new Set(named.map(({ principal }) => principal))).to.have.length(NASTY.length);
    expect(warnings.texts).to.deep.equal([]);
  });

  it('lets no name of a login into anything that it writes', async () => {
    using heard = listen();
    await using target = await stand({ limiter: { points: 100 } });
    for (const name of NASTY) {
      const reply = await call(target.url, {
        headers: { authorization: basic(name, 'x') },
        body: initialize(),
      });
      expect(reply.status).to.equal(401);
      expect(Object.keys(reply.headers)).to.not.include('set-cookie');
    }
    expect(heard.events).to.have.length(NASTY.length);
    for (const event of heard.events) expect(JSON.stringify(event)).to.match(/^[\x20-\x7e]*$/);
  });
});

const AUTHORIZATION = `Authorization: ${as('ada').authorization}`;

describe('F6: a page cannot post without asking first', () => {
  /** What a browser sends across origins without a preflight, and what only looks like JSON. */
  const TYPES = [
    ...['text/plain', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'multipart/form-data'],
    ...[
      'text/plain; application/json',
      'application/jsonp',
      'application/json+x',
      'text/json',
      'x/application/json',
    ],
    ...[
      'application/json, text/plain',
      'text/plain, application/json',
      'application/json; charset=utf-16',
      '*/*',
      '',
    ],
    ...['application/x-www-form-urlencoded; x=application/json', 'application', 'application/json\u00a0'],
  ];

  for (const [how, first] of [
    ['as they come', []],
    ['where a parser takes everything for JSON', [express.json({ type: () => true, strict: false })]],
  ] as const) {
    it(`answers 415 to all but JSON, ${how}`, async () => {
      let started = 0;
      const startSession = async (): Promise<void> => {
        started += 1;
      };
      await using target = await stand({ first, verifier: { startSession } });
      const session = await begin(target, as('ada'));
      // The parser itself refuses what is not in UTF-8.
      const types = first.length ? TYPES.filter((type) => !type.includes('utf-16')) : TYPES;
      for (const type of types) {
        for (const [body, id] of [
          [toolCall('whoami'), session],
          [initialize(), undefined],
        ] as const) {
          const lines = ['Accept: application/json, text/event-stream', `Content-Type: ${type}`];
          const named = id === undefined ? lines : [...lines, `Mcp-Session-Id: ${id}`];
          const bytes = rawRequest('POST', [...named, AUTHORIZATION], JSON.stringify(body));
          const [reply] = await sendRaw(target.port, Buffer.from(bytes, 'latin1'));
          expect([reply?.status, reply?.body.includes('unsupported_media_type')], type).to.deep.equal([
            415,
            true,
          ]);
        }
      }
      expect({ ran: target.ran, started }).to.deep.equal({ ran: [], started: 1 });
    });
  }
});
