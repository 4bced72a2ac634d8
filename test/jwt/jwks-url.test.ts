import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { jwtVerifier } from '../../lib/jwt/index.js';
import type { Principal } from '../../lib/types.js';
import { AUDIENCE, context, ISSUER, rejection, rsa, rsaPair, stopClock, toJwk, token } from './tokens.js';

const COOLDOWN_SECONDS = 31;
const CACHE_SECONDS = 601;

describe('jwtVerifier with a JWKS URL', () => {
  const first = rsaPair();
  const second = rsaPair();
  const FIRST = toJwk(first.publicKey, { kid: 'first' });
  const SECOND = toJwk(second.publicKey, { kid: 'second' });
  const firstToken = token({}, { alg: 'RS256', kid: 'first' }, rsa(first));
  const secondToken = token({}, { alg: 'RS256', kid: 'second' }, rsa(second));

  let clock: ReturnType<typeof stopClock>;
  let server: Server;
  let answer: RequestListener;
  let fetches: number;
  let verify: (presented: string) => Promise<Principal | null>;

  const serve =
    (...keys: object[]): RequestListener =>
    (_, res) =>
      res.end(JSON.stringify({ keys }));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };

  beforeEach(async () => {
    clock = stopClock();
    fetches = 0;
    answer = serve(FIRST);
    server = createServer((req, res) => {
      fetches += 1;
      answer(req, res);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const verifier = jwtVerifier({
      issuer: ISSUER,
      audience: AUDIENCE,
      tokenType: 'at+jwt',
      keys: new URL(`http://127.0.0.1:${port}/jwks`),
    });
    verify = async (presented) => verifier.verify({ token: presented }, context());
  });
  afterEach(() => {
    clock.restore();
    stop();
  });

  it('proves a token with the keys it fetches, once for many', async () => {
    const principals = await Promise.all(Array.from({ length: 20 }, () => verify(firstToken)));
    for (const principal of principals) expect(principal).to.include({ subject: 'u-1' });
    expect(fetches).to.equal(1);
  });

  it('fetches nothing for what cannot be a token of ours', async () => {
    const hopeless = ['a.b.c', token(), token({}, { alg: 'none' }), 'x'.repeat(100_000)];
    for (const presented of hopeless) expect(await verify(presented)).to.equal(null);
    expect(fetches).to.equal(0);
  });

  it('finds a rotated key once the set may be fetched again, and drops the old one', async () => {
    expect(await verify(firstToken)).to.include({ subject: 'u-1' });
    answer = serve(SECOND);
    expect(await verify(secondToken)).to.equal(null);
    expect(fetches).to.equal(1);
    clock.advance(COOLDOWN_SECONDS);
    expect(await verify(secondToken)).to.include({ subject: 'u-1' });
    expect(fetches).to.equal(2);
    expect(await verify(firstToken)).to.equal(null);
  });

  it('refuses an unknown kid after fetching again', async () => {
    await verify(firstToken);
    clock.advance(COOLDOWN_SECONDS);
    expect(await verify(secondToken)).to.equal(null);
    expect(fetches).to.equal(2);
  });

  it('is an outage while the server is down, and recovers with it', async () => {
    answer = (_, res) => res.destroy();
    expect(await rejection(verify(firstToken))).to.be.instanceOf(Error);
    answer = serve(FIRST);
    expect(await verify(firstToken)).to.include({ subject: 'u-1' });
  });

  it('is an outage where nobody listens', async () => {
    stop();
    expect(await rejection(verify(firstToken))).to.be.instanceOf(Error);
  });

  it('is an outage where an unknown kid cannot be looked up, but goes on with the keys it has', async () => {
    await verify(firstToken);
    stop();
    clock.advance(COOLDOWN_SECONDS);
    expect(await rejection(verify(secondToken))).to.be.instanceOf(Error);
    expect(await verify(firstToken)).to.include({ subject: 'u-1' });
  });

  it('is an outage once the keys are too old to be trusted', async () => {
    const lasting = token({ exp: Date.now() / 1000 + 7200 }, { alg: 'RS256', kid: 'first' }, rsa(first));
    expect(await verify(lasting)).to.include({ subject: 'u-1' });
    stop();
    clock.advance(CACHE_SECONDS);
    expect(await rejection(verify(lasting))).to.be.instanceOf(Error);
  });

  const nonsense: readonly (readonly [string, RequestListener])[] = [
    ['a 500', (_, res) => res.writeHead(500).end('{"keys":[]}')],
    ['a redirect', (_, res) => res.writeHead(302, { location: '/elsewhere' }).end()],
    ['no JSON', (_, res) => res.end('<html>')],
    ['no JWKS', (_, res) => res.end('{"keys":{}}')],
  ];
  for (const [name, listener] of nonsense) {
    it(`is an outage where the server answers ${name}`, async () => {
      answer = listener;
      expect(await rejection(verify(firstToken))).to.be.instanceOf(Error);
    });
  }

  it('is an outage where the server does not answer in time', async () => {
    const { timeout } = AbortSignal;
    const late = new AbortController();
    AbortSignal.timeout = () => late.signal;
    answer = () => late.abort(new DOMException('late', 'TimeoutError'));
    try {
      expect(await rejection(verify(firstToken))).to.include({ code: 'ERR_JWKS_TIMEOUT' });
    } finally {
      AbortSignal.timeout = timeout;
    }
  });

  it('takes no symmetric key from the set', async () => {
    const k = Buffer.from('a-secret-that-somebody-put-into-the-set').toString('base64url');
    answer = serve({ kty: 'oct', k, kid: 'sym' });
    const presented = token({}, { alg: 'HS256', kid: 'sym' });
    expect(await verify(presented)).to.equal(null);
    expect(await verify(token({}, { alg: 'RS256', kid: 'sym' }))).to.equal(null);
  });
});
