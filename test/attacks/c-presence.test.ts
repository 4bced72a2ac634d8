import { expect } from 'chai';
import express from 'express';

import { mcpBearerAuth, mcpHandler, mcpPassport, mcpSessionBinding, mcpTokenGuard } from '../../lib/index.js';
import { call, initialize, toolCall } from '../support/call.js';
import { listen } from '../support/events.js';
import { buildServer } from '../support/mcp.js';
import { BEARER, expectRefusal } from '../support/refusal.js';
import { serveApp } from '../support/serve.js';
import { as, begin, stand } from './support/stand.js';
import { MCP_LINES, rawRequest, sendRaw } from './support/wire.js';

const INIT = JSON.stringify(initialize());

describe('C2: what is said twice counts for nothing', () => {
  const GOOD = `Authorization: ${as('ada').authorization}`;
  const pairs = (one: string, other: string): readonly (readonly string[])[] => {
    const filler = Array.from({ length: 800 }, (_, i) => `a${i}: b`);
    const shout = other.replace(/^[^:]+/, (name) => name.toUpperCase());
    return [
      [one, other],
      [other, one],
      [one, one],
      [one, shout],
      [one, ...filler, shout],
      [one, other, one],
    ];
  };

  it('refuses two Authorization headers, however they differ, wherever they stand', async () => {
    await using target = await stand({ more: [mcpBearerAuth({ verifier: async () => ({ subject: 'x' }) })] });
    for (const other of ['Authorization: Bearer abc', 'Authorization:', 'Authorization: x', GOOD]) {
      for (const lines of pairs(GOOD, other)) {
        const [reply] = await sendRaw(target.port, rawRequest('POST', [...MCP_LINES, ...lines], INIT));
        expect([reply?.status, reply?.body.includes('ambiguous_credentials')], other).to.deep.equal([
          400,
          true,
        ]);
      }
    }
    expect(target.verified).to.deep.equal([]);
  });

  it('refuses two shared tokens, two keys of one’s own header, and two session ids', async () => {
    let asked = 0;
    const strategy = {
      authenticate(this: { success(user: object): void }) {
        asked += 1;
        this.success({});
      },
    };
    await using target = await stand({
      first: [mcpTokenGuard({ token: 'the secret' })],
      more: [mcpPassport(strategy, { scheme: 'X-API-Key', toPrincipal: () => ({ subject: 'x' }) })],
    });
    const session = await begin(target, { ...as('ada'), 'x-mcp-token': 'the secret' });
    const token = 'X-MCP-Token: the secret';
    const rest = [...MCP_LINES, token];
    const DOUBLES: readonly (readonly [readonly string[], string, string, string])[] = [
      [[...MCP_LINES, GOOD], token, 'X-MCP-Token: other', 'ambiguous_credentials'],
      [[...MCP_LINES, GOOD], token, 'X-MCP-Token:', 'ambiguous_credentials'],
      [rest, 'X-API-Key: k1', 'X-API-Key: k2', 'ambiguous_credentials'],
      [[...rest, GOOD], `Mcp-Session-Id: ${session}`, 'Mcp-Session-Id: x', 'invalid_session_id'],
    ];
    for (const [lines, one, other, code] of DOUBLES) {
      for (const pair of pairs(one, other)) {
        const body = JSON.stringify(toolCall('whoami'));
        const [reply] = await sendRaw(target.port, rawRequest('POST', [...lines, ...pair], body));
        expect([reply?.status, reply?.body.includes(code)], other).to.deep.equal([400, true]);
      }
    }
    expect({ verified: target.verified, asked, ran: target.ran }).to.deep.equal({
      verified: ['ada'],
      asked: 0,
      ran: [],
    });
  });

  it('takes no credential from a trailer', async () => {
    await using target = await stand();
    const chunked = `${INIT.length.toString(16)}\r\n${INIT}\r\n0\r\n${GOOD}\r\n\r\n`;
    const head = rawRequest('POST', [...MCP_LINES, 'Transfer-Encoding: chunked', 'Trailer: Authorization']);
    const [reply] = await sendRaw(target.port, head + chunked);
    expect([reply?.status, target.verified.length]).to.deep.equal([401, 0]);
  });
});

describe('C4: an access token travels in its header or not at all', () => {
  const TOKEN = 'kQ7-an-access-token';
  async function endpoint() {
    const asked: string[] = [];
    const binding = mcpSessionBinding();
    const served = await serveApp((app) => {
      app.use(express.json(), express.urlencoded());
      app.use(
        '/mcp',
        mcpBearerAuth({
          verifier: async ({ token }) => {
            asked.push(token);
            return token === TOKEN ? { subject: 'ada' } : null;
          },
        }),
        binding,
        mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
      );
    });
    return Object.assign(served, { asked, binding });
  }

  it('refuses a query that holds one, right or wrong, with or without the header, and tells nobody', async () => {
    using heard = listen();
    await using served = await endpoint();
    const queries = [
      `access_token=${TOKEN}`,
      `x=1&access_token=${TOKEN}`,
      `access%5Ftoken=${TOKEN}`,
      'access_token',
    ];
    for (const query of [
      ...queries,
      `access_token=&access_token=${TOKEN}`,
      `?access_token=${TOKEN}&access_token=`,
    ]) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        for (const headers of [{}, { authorization: `Bearer ${TOKEN}` }] as Record<string, string>[]) {
          const path = `/mcp?${query.replace(/^\?/, '')}`;
          const body = method === 'POST' ? initialize() : undefined;
          const reply = await call(served.url, { method, path, headers, body });
          expectRefusal(reply, 'ambiguous_credentials');
        }
      }
    }
    expect(served.asked).to.deep.equal([]);
    expect(JSON.stringify(heard.events)).to.not.include(TOKEN);
    await served.binding.close();
  });

  it('does not look into a body, also where a parser has opened it', async () => {
    await using served = await endpoint();
    const form = 'application/x-www-form-urlencoded';
    const bodies: readonly (readonly [string, string])[] = [
      [form, `access_token=${TOKEN}`],
      ['application/json', JSON.stringify({ ...initialize(), access_token: TOKEN })],
      ['application/json', JSON.stringify({ access_token: TOKEN })],
    ];
    for (const [type, body] of bodies) {
      const reply = await call(served.url, { headers: { 'content-type': type }, body });
      expectRefusal(reply, 'missing_credentials', { challenges: [BEARER] });
    }
    expect(served.asked).to.deep.equal([]);
    await served.binding.close();
  });
});
