import { expect } from 'chai';

import { mcpBearerAuth, mcpHandler, mcpLoginLimiter } from '../../lib/index.js';
import { jwtVerifier } from '../../lib/jwt/index.js';
import {
  AUDIENCE,
  CLAIMS,
  ecdsa,
  ecPair,
  forge,
  hmac,
  ISSUER,
  type KeyPair,
  rsa,
  rsaPair,
  toJwk,
} from '../jwt/tokens.js';
import { call, initialize } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { serveApp } from '../support/serve.js';
import { seenIn } from './support/stand.js';
import { listenRoomily, MCP_LINES, rawRequest, sendRaw } from './support/wire.js';

describe('F10: a JWT proves what its issuer signed for us, and nothing else', () => {
  const mine = rsaPair();
  const theirs = rsaPair();
  const curve = ecPair();
  const fresh = { ...CLAIMS, iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 600 };
  const header = { alg: 'RS256', typ: 'at+jwt', kid: 'mine' };
  const signed = (claims: object = {}, more: object = {}, pair: KeyPair = mine): string =>
    forge({ ...header, ...more }, { ...fresh, ...claims }, rsa(pair));

  /** An endpoint behind a limiter, with headers of up to 256 KB, and a trap for whoever follows a URL in a token. */
  async function endpoint(points = 100_000) {
    const ran: string[] = [];
    const fetched: unknown[] = [];
    const trap = await listenRoomily((request, response) => {
      fetched.push(request.url);
      response.end(JSON.stringify({ keys: [toJwk(theirs.publicKey, { kid: 'theirs', alg: 'RS256' })] }));
    });
    const served = await serveApp((app) => {
      app.use(
        '/mcp',
        mcpLoginLimiter({ points }),
        mcpBearerAuth({
          verifier: jwtVerifier({
            issuer: ISSUER,
            audience: AUDIENCE,
            tokenType: 'at+jwt',
            keys: {
              keys: [toJwk(mine.publicKey, { kid: 'mine' }), toJwk(curve.publicKey, { kid: 'curve' })],
            },
          }),
        }),
        mcpHandler({
          enableJsonResponse: true,
          createServer: ({ principal }) => buildServer(principal, (tool) => ran.push(tool)),
        }),
      );
    });
    const roomy = await listenRoomily(served.app);
    const body = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"whoami","arguments":{}}}';
    return {
      ran,
      fetched,
      url: served.url,
      trap: `http://127.0.0.1:${trap.port}/keys`,
      async ask(presented: string, scheme = 'Bearer'): Promise<readonly [number, string]> {
        const lines = [...MCP_LINES, `Authorization: ${scheme} ${presented}`];
        const [reply] = await sendRaw(roomy.port, rawRequest('POST', lines, body));
        const text = reply?.body ?? '';
        const { data } = (JSON.parse(text).error ?? {}) as { data?: { code: string } };
        if (data?.code === 'invalid_credentials') {
          expect(reply?.head).to.include('WWW-Authenticate: Bearer realm="mcp", error="invalid_token"');
        }
        return [reply?.status ?? 0, data?.code ?? seenIn(text).current ?? ''];
      },
      async [Symbol.asyncDispose]() {
        await trap[Symbol.asyncDispose]();
        await roomy[Symbol.asyncDispose]();
        await served[Symbol.asyncDispose]();
      },
    };
  }

  const publicPem = String(mine.publicKey.export({ type: 'spki', format: 'pem' }));
  const publicDer = mine.publicKey.export({ type: 'spki', format: 'der' });
  const none = (): Buffer => Buffer.alloc(0);
  const confused = (alg: string, key: string | Buffer): string =>
    forge({ ...header, alg }, fresh, hmac(key, Number(alg.slice(2))));
  const seconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset;

  const FORGED: Readonly<Record<string, (trap: string) => readonly string[]>> = {
    'no algorithm': () =>
      ['none', 'None', 'nOnE', '', null, 0].map((alg) => forge({ ...header, alg }, fresh, none)),
    'no algorithm, over a genuine signature': () => {
      const [, payload, signature] = signed().split('.');
      const head = Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url');
      return [`${head}.${payload}.${signature}`, `${head}.${payload}.`, `${head}.${payload}`];
    },
    'the public key as a secret': () =>
      ['HS256', 'HS384', 'HS512'].flatMap((alg) => [
        ...[publicPem, publicPem.trim(), JSON.stringify(toJwk(mine.publicKey))].map((key) =>
          confused(alg, key),
        ),
        ...[publicDer, Buffer.from(toJwk(mine.publicKey).n ?? '', 'base64url'), '', 'mine'].map((key) =>
          confused(alg, key),
        ),
      ]),
    'a key of its own': (trap) => {
      const jwk = toJwk(theirs.publicKey);
      const heads = [
        { jwk },
        { jku: trap, kid: 'theirs' },
        { x5u: trap, kid: 'theirs' },
        { x5c: ['x'] },
        { kid: trap },
      ];
      return heads.map((more) => signed({}, more, theirs));
    },
    'somebody else’s signature': () => [signed({}, {}, theirs), signed({}, { kid: undefined }, theirs)],
    'another key’s algorithm': () => [
      forge({ ...header, kid: 'curve' }, fresh, rsa(mine)),
      forge({ ...header, alg: 'ES256' }, fresh, ecdsa(curve)),
      forge({ ...header, alg: 'ES256', kid: 'curve' }, fresh, () => Buffer.alloc(64)),
    ],
    'another audience, issuer or type': () => [
      ...['https://app.example.com', `${AUDIENCE}/`, AUDIENCE.toUpperCase(), '', 'x'].map((aud) =>
        signed({ aud }),
      ),
      ...['https://id.example.com', 'https://evil.example/', '', null, [ISSUER]].map((iss) =>
        signed({ iss }),
      ),
      ...['refresh+jwt', 'id+jwt', 'JWT', 'at+jwt+x', ''].map((typ) => signed({}, { typ })),
      ...['refresh', 'exchange', 'id'].flatMap((type) => [signed({ type }), signed({ token_type: type })]),
    ],
    'no time, or not now': () => [
      ...[undefined, null, '', '9999999999', [], true].map((exp) => signed({ exp })),
      ...[
        signed({ exp: seconds(-1) }),
        signed({ exp: 0 }),
        signed({ exp: -1 }),
        signed({ nbf: seconds(600) }),
      ],
      ...[signed({ nbf: '0' }), signed({ iat: 'yesterday' })],
    ],
    'a critical extension': () => [
      signed({}, { crit: ['exp'], exp: seconds(600) }),
      signed({}, { crit: ['b64'], b64: false }),
    ],
    'a changed payload': () => {
      const [head, payload = '', signature] = signed().split('.');
      const admin = Buffer.from(JSON.stringify({ ...fresh, sub: 'admin' })).toString('base64url');
      return [`${head}.${admin}.${signature}`, `${head}.${payload.slice(0, -1)}.${signature}`];
    },
    'parts too few, too many or too large': () => [
      ...['a', 'a.b', '..', 'a.b.c', 'a.b.c.d.e', `${signed()}.x`],
      ...[`${'A'.repeat(102_400)}.A.A`, signed({ x: 'x'.repeat(100_000) }), `A.${'A'.repeat(102_400)}.A`],
    ],
  };

  for (const [what, tokens] of Object.entries(FORGED)) {
    it(`refuses ${what}`, async () => {
      await using served = await endpoint();
      for (const presented of tokens(served.trap)) {
        const [status, code] = await served.ask(presented);
        const malformed = !/^[A-Za-z0-9\-._~+/]+=*$/.test(presented);
        expect([status, code], presented.slice(0, 200)).to.deep.equal([
          401,
          malformed ? 'malformed_credentials' : 'invalid_credentials',
        ]);
      }
      expect({ ran: served.ran, fetched: served.fetched }).to.deep.equal({ ran: [], fetched: [] });
      expect(await served.ask(signed())).to.deep.equal([200, 'u-1']);
    });
  }

  it('takes a genuine one by its own scheme alone', async () => {
    await using served = await endpoint();
    const es = forge({ ...header, alg: 'ES256', kid: 'curve' }, fresh, ecdsa(curve));
    for (const presented of [signed(), es]) expect(await served.ask(presented)).to.deep.equal([200, 'u-1']);
    for (const scheme of ['Basic', 'JWT', 'Token', 'DPoP']) {
      expect((await served.ask(signed(), scheme))[0], scheme).to.equal(401);
    }
  });

  it('counts forgeries on the address, and expired but genuine tokens on nobody', async () => {
    await using served = await endpoint(3);
    const ask = (presented: string) =>
      call(served.url, { headers: { authorization: `Bearer ${presented}` }, body: initialize() });
    for (let n = 1; n <= 5; n += 1) expect((await ask(signed({ exp: seconds(-n) }))).status).to.equal(401);
    const forged = await Promise.all([1, 2, 3, 4, 5].map((n) => ask(signed({ n }, {}, theirs))));
    expect(forged.map(({ status }) => status).sort()).to.deep.equal([401, 401, 401, 429, 429]);
  });
});
