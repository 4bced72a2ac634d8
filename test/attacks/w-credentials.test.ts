import { expect } from 'chai';

import {
  McpGuardError,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpServiceAccount,
} from '../../lib/index.js';
import { hashPassword, passwordVerifier } from '../../lib/passwords/index.js';
import { basic, call, initialize, toolCall } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { BASIC, expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { as, begin, seenIn, stand, whoami } from './support/stand.js';
import { MCP_LINES, rawRequest, sendRaw } from './support/wire.js';

const encode = (text: string): string => Buffer.from(text).toString('base64');

describe('W1: what is present but unusable never runs as the service account', () => {
  const UNUSABLE = [
    'basic x',
    'Basic',
    'basic ',
    `BASIC ${encode('nocolon')}`,
    `Basic ${encode(':pw')}`,
    `Basic ${encode(':')}`,
    `Basic\t${encode('ada:pw')}`,
    `Basic${encode('ada:pw')}`,
    `Basic ${encode('ada:pw')},`,
    `Basic ${encode('ada:pw')}, Bearer abc`,
    'Bearer',
    'bearer ',
    'Bearer a b',
    'Bearer =',
    'Token x',
    'ApiKey x',
    'Negotiate YII=',
    'Digest username="ada"',
    'null',
    'undefined',
    '',
    '""',
    ',',
    '=',
    ':',
  ];

  for (const method of ['POST', 'GET', 'DELETE']) {
    it(`answers ${method} with 401, whatever the spelling`, async () => {
      let asked = 0;
      const ran: string[] = [];
      const verify = async (): Promise<null> => {
        asked += 1;
        return null;
      };
      await using served = await serve(
        mcpBasicAuth({ verifier: verify }),
        mcpBearerAuth({ verifier: verify }),
        mcpServiceAccount({ principal: { subject: 'service' } }),
        mcpHandler({ createServer: ({ principal }) => buildServer(principal, (tool) => ran.push(tool)) }),
      );
      for (const value of UNUSABLE) {
        for (const name of ['Authorization', 'authorization', 'AUTHORIZATION']) {
          const lines = ['Accept', 'application/json, text/event-stream', 'Content-Type', 'application/json'];
          const reply = await call(served.url, {
            method,
            headers: [...lines, name, value],
            ...(method === 'POST' && { body: toolCall('whoami') }),
          });
          expect([reply.status, reply.code], `${name}: ${value}`).to.deep.equal([
            401,
            'malformed_credentials',
          ]);
          expect(reply.challenges).to.include(BASIC);
        }
      }
      expect({ asked, ran }).to.deep.equal({ asked: 0, ran: [] });
    });
  }

  it('falls back only where no Authorization came at all', async () => {
    await using served = await serve(
      mcpBasicAuth({ verifier: async () => null }),
      mcpServiceAccount({ principal: { subject: 'service' } }),
      mcpHandler({ enableJsonResponse: true, createServer: ({ principal }) => buildServer(principal) }),
    );
    const others = { 'proxy-authorization': as('ada').authorization, 'x-authorization': 'Bearer abc' };
    const reply = await whoami(served, others as Record<string, string>);
    expect(seenIn(reply.text).current).to.equal('service');
    const wrong = await whoami(served, { authorization: basic('ada', 'wrong') });
    expectRefusal(wrong, 'invalid_credentials', { challenges: [BASIC] });
  });
});

describe('W6: credentials are checked on every request, not only at initialize', () => {
  const UNPROVEN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['missing_credentials', {}],
    ['invalid_credentials', { authorization: basic('ada', 'wrong') }],
    ['invalid_credentials', { authorization: basic('bob', 'ada’s own password') }],
    ['invalid_credentials', { authorization: basic('ADA', 'ada’s own password') }],
    ['malformed_credentials', { authorization: 'Basic' }],
    ['malformed_credentials', { authorization: 'Bearer abc' }],
  ];

  it('refuses POST, GET and DELETE on a live session without a good one, and the session lives on', async () => {
    await using target = await stand({ limiter: false });
    const session = await begin(target, as('ada'));
    for (const [code, headers] of UNPROVEN) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        for (const body of method === 'POST' ? [toolCall('whoami'), NOTIFICATION, RESPONSE] : [undefined]) {
          const reply = await call(target.url, {
            method,
            headers: { ...headers, 'mcp-session-id': session },
            body,
          });
          expect([reply.status, reply.code], `${method} ${code}`).to.deep.equal([401, code]);
        }
      }
    }
    expect(target.ran).to.deep.equal([]);
    expect(seenIn((await whoami(target, as('ada'), session)).text).current).to.equal('person ada');
  });

  it('refuses them without sessions too', async () => {
    await using target = await stand({ limiter: false, binding: false });
    expect((await whoami(target, as('ada'))).status).to.equal(200);
    for (const [code, headers] of UNPROVEN) {
      expect((await whoami(target, headers)).code).to.equal(code);
    }
    expect(target.ran).to.have.length(1);
  });
});

const NOTIFICATION = { jsonrpc: '2.0', method: 'notifications/initialized' };
const RESPONSE = { jsonrpc: '2.0', id: 1, result: {} };

describe('W22: outcomes are typed, never read from a message', () => {
  const LOOKS_WRONG: readonly unknown[] = [
    new Error('wrong password'),
    new Error('Invalid credentials'),
    Object.assign(new Error('Unauthorized'), { status: 401, statusCode: 401, code: 'invalid_credentials' }),
    Object.assign(new Error('Incorrect password'), { name: 'AuthenticationError', data: { code: 401 } }),
    'wrong password',
    401,
    null,
    undefined,
    { code: 'forbidden', status: 403, message: 'Access refused' },
  ];

  it('takes whatever a verifier throws as an outage, and counts none of it', async () => {
    let thrown: unknown;
    let isDown = true;
    await using target = await stand({
      limiter: { points: 2 },
      verifier: {
        verify: async () => {
          if (isDown) throw thrown;
          return { subject: 'person ada' };
        },
      },
    });
    for (thrown of LOOKS_WRONG) {
      expectRefusal(await call(target.url, { headers: as('ada'), body: initialize() }), 'unavailable');
    }
    isDown = false;
    await begin(target, as('ada'));
    expect(target.verified).to.have.length(LOOKS_WRONG.length + 1);
  });

  it('takes null for a wrong credential and a branded refusal for policy, whatever their text says', async () => {
    await using target = await stand({
      verifier: {
        verify: async ({ username }) => {
          if (username === 'ada')
            throw new McpGuardError('forbidden', { cause: new Error('wrong password') });
          return null;
        },
      },
    });
    expectRefusal(await call(target.url, { headers: as('ada'), body: initialize() }), 'forbidden');
    const wrong = await call(target.url, { headers: as('bob'), body: initialize() });
    expectRefusal(wrong, 'invalid_credentials', { challenges: [BASIC] });
  });
});

describe('W30: the state of an account is told only to somebody who proved its password', () => {
  it('answers a wrong password alike for every kind of account', async () => {
    const parameters = { ln: 10, r: 1, p: 1 };
    const passwordHash = await hashPassword('right', parameters);
    const users = new Map([
      ['known', { passwordHash, principal: { subject: '1' } }],
      ['disabled', { passwordHash, principal: { subject: '2' }, disabled: true }],
      ['sso', { passwordHash: null, principal: { subject: '3' } }],
      ['disabled-sso', { passwordHash: '', principal: { subject: '4' }, disabled: true }],
    ]);
    const { verify } = passwordVerifier({ findUser: (username) => users.get(username), parameters });
    await using target = await stand({ verifier: { verify }, limiter: { points: 100 } });
    const names = [...users.keys(), 'nobody', 'DISABLED', '__proto__'];
    const answers = new Set<string>();
    for (const name of names) {
      const body = JSON.stringify(initialize());
      const lines = [...MCP_LINES, `Authorization: ${basic(name, 'wrong')}`];
      const [reply] = await sendRaw(target.port, rawRequest('POST', lines, body));
      answers.add(`${reply?.head.replace(/^Date:.*\r\n/m, '')}\n${reply?.body}`);
    }
    expect([...answers]).to.have.length(1);
    expect([...answers][0])
      .to.match(/^HTTP\/1\.1 401 /)
      .and.to.include('invalid_credentials');
    expect(target.verified).to.deep.equal(names);

    const proven = { headers: { authorization: basic('disabled', 'right') }, body: initialize() };
    expectRefusal(await call(target.url, proven), 'forbidden');
  });
});
