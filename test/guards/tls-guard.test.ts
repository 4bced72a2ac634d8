import { expect } from 'chai';
import type { RequestHandler } from 'express';

import { mcpTlsGuard, type TlsGuardOptions } from '../../lib/index.js';
import { call } from '../support/call.js';
import { bad, checksOptions } from '../support/options.js';
import { expectRefusal } from '../support/refusal.js';
import { serve, serveApp } from '../support/serve.js';
import { tell } from '../support/tell.js';

/** Makes the connection look like one from `remoteAddress`, encrypted or not. */
const peer =
  (remoteAddress: string, encrypted: boolean): RequestHandler =>
  ({ socket }, _response, next) => {
    Object.defineProperties(socket, {
      remoteAddress: { value: remoteAddress },
      encrypted: { value: encrypted },
    });
    next();
  };

interface Setting {
  readonly options?: TlsGuardOptions;
  readonly from?: string;
  readonly encrypted?: boolean;
  readonly trust?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function answer({ options, from = '127.0.0.1', encrypted = false, trust, headers = {} }: Setting) {
  await using served = await serveApp((app) => {
    if (trust !== undefined) app.set('trust proxy', trust);
    app.use('/mcp', peer(from, encrypted), options ? mcpTlsGuard(options) : mcpTlsGuard(), tell);
  });
  return await call(served.url, { headers });
}

describe('mcpTlsGuard', () => {
  checksOptions('mcpTlsGuard', mcpTlsGuard, {}, { dangerouslyAllowHttp: bad.flag });

  for (const [count, status] of [
    [999, 200],
    [1000, 403],
  ] as const) {
    it(`${count} headers: ${status}, since of more the proxy's may have been dropped`, async () => {
      const fill: RequestHandler = ({ rawHeaders }, _response, next) => {
        rawHeaders.splice(0, rawHeaders.length, ...Array.from({ length: 2 * count }, () => 'x'));
        next();
      };
      await using served = await serve(fill, mcpTlsGuard(), tell);
      expect((await call(served.url)).status).to.equal(status);
    });
  }

  const passes: Readonly<Record<string, Setting>> = {
    'an encrypted connection': { from: '203.0.113.9', encrypted: true },
    'an encrypted connection that forwards': {
      from: '203.0.113.9',
      encrypted: true,
      headers: { 'x-forwarded-for': '1.2.3.4' },
    },
    'a loopback peer': {},
    'another loopback address': { from: '127.9.9.9' },
    'IPv6 loopback': { from: '::1' },
    'IPv4-mapped loopback': { from: '::ffff:127.0.0.1' },
    'a trusted proxy that says https': {
      trust: 'loopback',
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' },
    },
    'anybody, where plain HTTP is allowed': {
      options: { dangerouslyAllowHttp: true },
      from: '203.0.113.9',
      headers: { 'x-forwarded-proto': 'http' },
    },
  };
  for (const [who, setting] of Object.entries(passes)) {
    it(`passes ${who}`, async () => {
      expect((await answer(setting)).status).to.equal(200);
    });
  }

  const refused: Readonly<Record<string, Setting>> = {
    'a plain peer elsewhere': { from: '203.0.113.9' },
    'a plain peer on the same network': { from: '192.168.1.1' },
    'a plain peer where plain HTTP is not allowed, said or not': {
      options: { dangerouslyAllowHttp: false },
      from: '203.0.113.9',
    },
    'a plain peer elsewhere that claims https': {
      from: '203.0.113.9',
      trust: 'loopback',
      headers: { 'x-forwarded-proto': 'https' },
    },
    'a trusted proxy that says http': {
      trust: 'loopback',
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'http' },
    },
    'a proxy on this host that is not trusted, although it claims https': {
      headers: { 'x-forwarded-proto': 'https' },
    },
    ...Object.fromEntries(
      ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Real-IP', 'Via'].map(
        (name) => [`a loopback peer that sends ${name}`, { headers: { [name]: '127.0.0.1' } }],
      ),
    ),
  };
  for (const [who, setting] of Object.entries(refused)) {
    it(`refuses ${who}`, async () => {
      expectRefusal(await answer(setting), 'tls_required');
    });
  }

  it('refuses a loopback peer that sends so many headers that Node drops what a proxy adds last', async () => {
    await using served = await serve(mcpTlsGuard(), tell);
    const filler = Array.from({ length: 1100 }, () => ['a', '']).flat();
    const reply = await call(served.url, { headers: [...filler, 'X-Forwarded-For', '6.6.6.6'] });
    // Newer lines of Node refuse so many headers themselves (431) before any guard runs.
    if (reply.status !== 431) expectRefusal(reply, 'tls_required');
  });
});
