import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpTokenGuard,
  type TokenGuardOptions,
} from '../../lib/index.js';
import { basic, call, toolCall } from '../support/call.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { checksOptions } from '../support/options.js';
import { recordingStore } from '../support/recording-store.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { tell } from '../support/tell.js';
import { catchWarnings } from '../support/warnings.js';

const CHALLENGE = { challenges: ['MCP-Token realm="mcp"'] };
const SECRET = 's3cret-of-the-house';

const withToken = (token: string, header = 'X-MCP-Token') => ({ headers: { [header]: token } });

describe('mcpTokenGuard', () => {
  checksOptions(
    'mcpTokenGuard',
    mcpTokenGuard,
    { token: SECRET },
    {
      token: ['', [], [''], ['a', ''], ['a', 5], null, 5, {}],
      header: ['', 'a b', 'a:b', 'é', 5, null, []],
      realm: ['', 5, null],
    },
  );

  it('refuses a realm that no header can carry', () => {
    for (const realm of ['a\nb', 'a\u2028', '💥']) {
      expect(() => mcpTokenGuard({ token: SECRET, realm })).to.throw(TypeError, 'header value');
    }
  });

  it('opens for the secret, and makes nobody of its holder', async () => {
    await using served = await serve(mcpTokenGuard({ token: SECRET }), tell);
    for (const method of ['GET', 'POST', 'DELETE']) {
      const reply = await call(served.url, { method, ...withToken(SECRET) });
      expect(reply.status).to.equal(200);
      expect(reply.json).to.include({ principal: null, user: null, auth: null });
    }
  });

  const wrong: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'no token': {},
    'an empty token': { 'x-mcp-token': '' },
    'another token': { 'x-mcp-token': 'x' },
    'the beginning of it': { 'x-mcp-token': SECRET.slice(0, -1) },
    'more than it': { 'x-mcp-token': `${SECRET}x` },
    'another case': { 'x-mcp-token': SECRET.toUpperCase() },
    'two of it in one header': { 'x-mcp-token': `${SECRET}, ${SECRET}` },
    'it as a Bearer': { authorization: `Bearer ${SECRET}` },
    'it in another header': { 'x-token': SECRET },
  };
  for (const [what, headers] of Object.entries(wrong)) {
    it(`refuses ${what}`, async () => {
      await using served = await serve(mcpTokenGuard({ token: SECRET }), tell);
      expectRefusal(await call(served.url, { headers }), 'invalid_mcp_token', CHALLENGE);
    });
  }

  it('refuses it in the query', async () => {
    await using served = await serve(mcpTokenGuard({ token: SECRET }), tell);
    const reply = await call(served.url, { path: `/mcp?X-MCP-Token=${SECRET}` });
    expectRefusal(reply, 'invalid_mcp_token', CHALLENGE);
  });

  it('refuses two headers, although both are right', async () => {
    await using served = await serve(mcpTokenGuard({ token: SECRET }), tell);
    const headers = ['X-MCP-Token', SECRET, 'x-mcp-token', SECRET];
    expectRefusal(await call(served.url, { headers }), 'ambiguous_credentials');
  });

  it('reads the header, and names the realm, that it is told', async () => {
    await using served = await serve(
      mcpTokenGuard({ token: SECRET, header: 'X-House', realm: 'the "house"' }),
      tell,
    );
    expect((await call(served.url, withToken(SECRET, 'x-HOUSE'))).status).to.equal(200);
    expectRefusal(await call(served.url, withToken(SECRET)), 'invalid_mcp_token', {
      challenges: ['MCP-Token realm="the \\"house\\""'],
    });
  });

  it('takes no look at Authorization', async () => {
    await using served = await serve(mcpTokenGuard({ token: SECRET }), tell);
    const headers = { 'x-mcp-token': SECRET, authorization: 'Nonsense' };
    expect((await call(served.url, { headers })).status).to.equal(200);
  });

  it('refuses other methods before it looks at the token', async () => {
    let asked = 0;
    const token = () => {
      asked += 1;
      return SECRET;
    };
    await using served = await serve(mcpTokenGuard({ token }), tell);
    for (const method of ['OPTIONS', 'PUT', 'PATCH', 'TRACE']) {
      const reply = await call(served.url, { method, ...withToken(SECRET) });
      expectRefusal(reply, 'method_not_allowed', { allow: 'GET, POST, DELETE' });
    }
    expect(asked).to.equal(0);
  });

  const several: Readonly<Record<string, TokenGuardOptions['token']>> = {
    'an array': ['old', 'new'],
    'a function': () => ['old', 'new'],
    'a function with a promise': async () => ['old', 'new'],
  };
  for (const [what, token] of Object.entries(several)) {
    it(`takes each token of ${what}`, async () => {
      await using served = await serve(mcpTokenGuard({ token }), tell);
      for (const presented of ['old', 'new', 'old']) {
        expect((await call(served.url, withToken(presented))).status).to.equal(200);
      }
      expectRefusal(await call(served.url, withToken('older')), 'invalid_mcp_token', CHALLENGE);
    });
  }

  it('takes a rotated token at once, and drops the old one within a minute', async () => {
    using clock = stopClock();
    let token = 'old';
    await using served = await serve(mcpTokenGuard({ token: () => token }), tell);
    const statusOf = async (presented: string) => (await call(served.url, withToken(presented))).status;
    expect(await statusOf('old')).to.equal(200);
    expect(await statusOf('new')).to.equal(401);
    token = 'new';
    expect(await statusOf('new')).to.equal(200);
    clock.advance(60_000);
    expect(await statusOf('old')).to.equal(401);
    expect(await statusOf('new')).to.equal(200);
  });

  it('asks the function for a presented token only', async () => {
    let asked = 0;
    const token = () => {
      asked += 1;
      return SECRET;
    };
    await using served = await serve(mcpTokenGuard({ token }), tell);
    await call(served.url);
    await call(served.url, withToken(''));
    expect(asked).to.equal(0);
    await call(served.url, withToken('x'));
    expect(asked).to.equal(1);
  });

  const broken: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw new Error('vault');
    },
    rejects: () => Promise.reject(new Error('vault')),
    'answers nothing': () => undefined,
    'answers an empty string': () => '',
    'answers an empty list': () => [],
    'answers a list with an empty string': () => ['a', ''],
    'answers null': () => null,
    'answers true': () => true,
  };
  for (const [what, token] of Object.entries(broken)) {
    it(`is unavailable while the function ${what}`, async () => {
      using _warnings = catchWarnings();
      await using served = await serve(mcpTokenGuard({ token: token as () => string }), tell);
      for (const presented of ['a', 'undefined', 'null', 'true']) {
        expectRefusal(await call(served.url, withToken(presented)), 'unavailable');
      }
    });
  }

  it('is unavailable while the function does not answer', async () => {
    using timeouts = holdTimeouts(5000);
    const vault = gate<string>();
    await using served = await serve(mcpTokenGuard({ token: () => vault.opened }), tell);
    const reply = call(served.url, withToken(SECRET));
    await until('the guard waits', () => timeouts.count > 0);
    timeouts.fire();
    expectRefusal(await reply, 'unavailable');
    vault.open(SECRET);
    expect((await call(served.url, withToken(SECRET))).status).to.equal(200);
  });

  it('counts wrong guesses on the address, where a limiter is mounted before it', async () => {
    using _clock = stopClock();
    await using served = await serve(mcpLoginLimiter(), mcpTokenGuard({ token: SECRET }), tell);
    for (const missing of [undefined, '', undefined, '', undefined, '', undefined]) {
      const headers = missing === undefined ? {} : { 'x-mcp-token': missing };
      expectRefusal(await call(served.url, { headers }), 'invalid_mcp_token', CHALLENGE);
    }
    for (const guess of ['a', 'b', 'c', 'd', 'e']) {
      expectRefusal(await call(served.url, withToken(guess)), 'invalid_mcp_token', CHALLENGE);
    }
    expectRefusal(await call(served.url, withToken('f')), 'too_many_attempts', { retryAfter: '60' });
    expectRefusal(await call(served.url, withToken(SECRET)), 'too_many_attempts', { retryAfter: '60' });
  });

  it('keeps no place for a client that is gone', async () => {
    const vault = gate<string>();
    const gone = gate<void>();
    const { store, asked } = recordingStore();
    const tellsOfGoing: RequestHandler = (request, response, next) => {
      if (request.headers['x-leaves']) response.once('close', gone.open);
      next();
    };
    await using served = await serve(
      tellsOfGoing,
      mcpLoginLimiter({ store, points: 1, maxWaiting: 1, keys: ['ip'] }),
      mcpTokenGuard({ token: () => vault.opened }),
      tell,
    );
    const first = call(served.url, withToken('a'));
    await until('the first is compared', () => asked.length === 1);
    const leaving = new AbortController();
    const headers = { ...withToken('b').headers, 'x-leaves': 'yes' };
    const left = fetch(served.url, { headers, signal: leaving.signal }).catch(() => 'left');
    await until('the second waits', () => asked.length === 2);
    leaving.abort();
    expect(await left).to.equal('left');
    await gone.opened;
    const third = call(served.url, withToken('c'));
    await until('the third has asked', () => asked.length >= 3);
    vault.open(SECRET);
    expectRefusal(await first, 'invalid_mcp_token', CHALLENGE);
    expectRefusal(await third, 'too_many_attempts', { retryAfter: '60' });
  });

  it('hides its header from tools', async () => {
    await using served = await serve(
      mcpTokenGuard({ token: SECRET, header: 'X-House' }),
      mcpBasicAuth({ verifier: () => ({ subject: 'ann' }) }),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal), enableJsonResponse: true }),
    );
    const headers = { 'x-house': SECRET, 'x-other': 'y', authorization: basic('ann', 'x') };
    const { text } = await call(served.url, { headers, body: toolCall('whoami') });
    const { result } = JSON.parse(text) as { result: { content: { text: string }[] } };
    const { headers: seen } = JSON.parse(result.content[0]?.text ?? '{}') as { headers: string[] };
    expect(seen).to.include('x-other').and.not.include('x-house').and.not.include('authorization');
    expect(text).to.not.include(SECRET);
  });
});
