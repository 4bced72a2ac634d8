import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpRequireAuth,
  mcpSessionBinding,
} from '../../lib/index.js';
import { basic, call, initialize, toolCall } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { serveApp } from '../support/serve.js';
import { tell } from '../support/tell.js';

const HOME = '198.51.100.1';
const ABROAD = '203.0.113.7';
const right = basic('ann', 'right');

/** Guards whose proofs die at once, so that every request is verified anew; addresses are what the proxy says. */
function guards(): RequestHandler[] {
  return [
    mcpLoginLimiter({ points: 3 }),
    mcpBasicAuth({
      verifier: ({ username, password }) => (password === 'right' ? { subject: username } : null),
      proofCache: false,
    }),
    mcpSessionBinding(),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal), enableJsonResponse: true }),
  ];
}

describe('a person who moves while others attack the account', () => {
  it('is served in a live session from an unknown address, and is not without it', async () => {
    await using served = await serveApp((app) => {
      app.set('trust proxy', 'loopback');
      app.use('/mcp', ...guards());
    });
    const from = (address: string, authorization: string, body: object, session?: string) =>
      call(served.url, {
        headers: { authorization, 'x-forwarded-for': address, ...(session && { 'mcp-session-id': session }) },
        body,
      });
    const begun = await from(HOME, right, initialize());
    const session = String(begun.headers['mcp-session-id']);
    for (const n of [1, 2, 3]) await from(`192.0.2.${n}`, basic('ann', `guess ${n}`), initialize());

    const without = await from(ABROAD, right, initialize());
    expect(without.code).to.equal('too_many_attempts');
    const wrong = await from(ABROAD, basic('ann', 'guess 4'), toolCall('whoami'), session);
    expect(wrong.code).to.equal('too_many_attempts');
    const random = await from(ABROAD, right, toolCall('whoami'), 'A'.repeat(43));
    expect(random.code).to.equal('too_many_attempts');
    expect((await from(ABROAD, right, toolCall('whoami'), session)).status).to.equal(200);
  });

  it('is refused by a gate that knows no sessions, whatever session the request names', async () => {
    const [limiter, auth, binding, handler] = [
      mcpLoginLimiter({ points: 3 }),
      mcpBasicAuth({
        verifier: ({ username, password }) => (password === 'right' ? { subject: username } : null),
      }),
      mcpSessionBinding(),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal), enableJsonResponse: true }),
    ];
    await using served = await serveApp((app) => {
      app.set('trust proxy', 'loopback');
      app.use('/mcp', limiter, auth, binding, handler);
      app.use('/other', limiter, auth, mcpRequireAuth(), tell);
    });
    const from = (address: string, path: string, authorization: string, session?: string) =>
      call(served.url, {
        path,
        headers: { authorization, 'x-forwarded-for': address, ...(session && { 'mcp-session-id': session }) },
        body: session === undefined ? initialize() : toolCall('whoami'),
      });
    const session = String((await from(HOME, '/mcp', right)).headers['mcp-session-id']);
    for (const n of [1, 2, 3]) await from(`192.0.2.${n}`, '/mcp', basic('ann', `guess ${n}`));
    expect((await from(ABROAD, '/other', right, session)).code).to.equal('too_many_attempts');
    expect((await from(ABROAD, '/mcp', right, session)).status).to.equal(200);
    expect((await from(ABROAD, '/other', right, session)).status).to.equal(200);
  });
});
