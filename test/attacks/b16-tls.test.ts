import { expect } from 'chai';
import type { RequestHandler } from 'express';
import type { BasicCredentials } from '../../lib/index.js';
import { mcpBasicAuth, mcpHandler, mcpTlsGuard } from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serveApp } from '../support/serve.js';
import { type Counted, passwords, right } from './support/people.js';
import { exchange, rawRequest, statusOf } from './support/raw.js';

interface Place extends Served {
  readonly verifier: Counted<BasicCredentials>;
}

async function openPlace(trust: unknown, peer?: string): Promise<Place> {
  const verifier = passwords(['alice']);
  const appearAs: RequestHandler = ({ socket }, _response, next) => {
    if (peer) Object.defineProperty(socket, 'remoteAddress', { value: peer, configurable: true });
    next();
  };
  const served = await serveApp((app) => {
    if (trust !== undefined) app.set('trust proxy', trust);
    app.use(
      '/mcp',
      appearAs,
      mcpTlsGuard(),
      mcpBasicAuth({ verifier }),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
  });
  return Object.assign(served, { verifier });
}

type Headers = Readonly<Record<string, string>>;

async function ask(place: Place, headers: Headers = {}): Promise<string> {
  const { status, code } = await call(place.url, {
    headers: { authorization: right('alice'), ...headers },
    body: initialize(),
  });
  return `${status} ${code ?? ''}`.trim();
}

/** What proxies on one host say of a client that came by plain HTTP. */
const PROXIES: Readonly<Record<string, Headers>> = {
  'nginx, Caddy, Traefik': { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'http' },
  'a minimal proxy': { 'x-forwarded-for': '198.51.100.1' },
  'X-Forwarded-Proto alone': { 'x-forwarded-proto': 'http' },
  'X-Forwarded-Host alone': { 'x-forwarded-host': 'wiki.example.com' },
  'RFC 7239': { forwarded: 'for=198.51.100.1;proto=http' },
  'X-Real-IP': { 'x-real-ip': '198.51.100.1' },
  Via: { via: '1.1 squid' },
};

for (const [proxy, headers] of Object.entries(PROXIES)) {
  for (const trust of [undefined, 'loopback', true]) {
    it(`B16: ${proxy} on this host, trust proxy ${trust}: refused before the credential is looked at`, async () => {
      await using place = await openPlace(trust);
      expect(await ask(place, headers)).to.equal('403 tls_required');
      expect(place.verifier.asked).to.deep.equal([]);
    });
  }
}

it('B16: a client that makes Node drop the headers which its proxy adds last: refused', async () => {
  await using place = await openPlace(undefined);
  for (const fillers of [0, 900, 997, 998, 999, 1000, 1001, 1100, 1500]) {
    const lines = ['Host: localhost', ...Array<string>(fillers).fill('a:'), 'X-Forwarded-For: 198.51.100.1'];
    const request = rawRequest('GET /mcp', [...lines, 'Connection: close']);
    const reply = await exchange(place.port, request);
    // From Node 22 on, Node itself refuses too many headers (431) before any guard runs.
    expect(statusOf(reply), `${fillers} before it`).to.be.oneOf(fillers < 998 ? [403] : [403, 431]);
  }
});

it('B16: https in the mouth of a proxy that is not trusted is not believed', async () => {
  for (const trust of [undefined, false, '10.0.0.0/8']) {
    await using place = await openPlace(trust);
    for (const headers of [
      { 'x-forwarded-proto': 'https' },
      { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https' },
      { forwarded: 'proto=https' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-for': '' },
    ]) {
      expect(await ask(place, headers), JSON.stringify(headers)).to.equal('403 tls_required');
    }
  }
});

it('B16: https in other headers than X-Forwarded-Proto is not believed even of a trusted proxy', async () => {
  await using place = await openPlace('loopback');
  for (const headers of [
    { forwarded: 'for=198.51.100.1;proto=https' },
    { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-ssl': 'on' },
    { 'x-forwarded-for': '198.51.100.1', 'front-end-https': 'on' },
    { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-scheme': 'https', 'x-url-scheme': 'https' },
    { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'http, https' },
  ]) {
    expect(await ask(place, headers), JSON.stringify(headers)).to.equal('403 tls_required');
  }
});

it('B16: https in X-Forwarded-Proto of a trusted proxy is believed', async () => {
  await using place = await openPlace('loopback');
  expect(await ask(place, { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https' })).to.equal(
    '200',
  );
});

it('B16: a call from this host that forwards for nobody passes; from any other it does not', async () => {
  for (const peer of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
    await using place = await openPlace(undefined, peer);
    expect(await ask(place), peer).to.equal('200');
  }
  for (const peer of [
    '198.51.100.1',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '2001:db8::1',
    '::2',
    '0.0.0.0',
    '::',
    '128.0.0.1',
  ]) {
    await using place = await openPlace(undefined, peer);
    expect(await ask(place), peer).to.equal('403 tls_required');
    expect(await ask(place, { host: 'localhost' }), peer).to.equal('403 tls_required');
  }
});
