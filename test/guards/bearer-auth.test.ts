import { inspect } from 'node:util';

import { expect } from 'chai';

import {
  type BearerAuthOptions,
  type BearerCredentials,
  mcpBearerAuth,
  type Principal,
} from '../../lib/index.js';
import { basic, call } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { bad, checksOptions } from '../support/options.js';
import { BEARER, expectRefusal, INVALID_TOKEN } from '../support/refusal.js';
import { type Served, serve } from '../support/serve.js';
import { type Told, tell } from '../support/tell.js';
import { readsVerdicts } from '../support/verdicts.js';

const ANN: Principal = { subject: 'ann' };
const verifier = () => ANN;
const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource/mcp';

const as = ({ url }: Served, token: string) => call(url, { headers: ['Authorization', `Bearer ${token}`] });

async function replyTo(options: BearerAuthOptions, token = 't') {
  await using served = await serve(mcpBearerAuth(options), tell);
  return await as(served, token);
}

describe('mcpBearerAuth', () => {
  const badUrl = ['', 'api.example.com', '/mcp', 'https://', 5, null, new URL(METADATA)];
  checksOptions(
    'mcpBearerAuth',
    mcpBearerAuth,
    { verifier },
    {
      verifier: [
        null,
        'x',
        5,
        {},
        [],
        { verify: 5 },
        { verifyAccessToken: 5 },
        { verify() {}, endSession: 1 },
      ],
      realm: bad.text,
      requiredScopes: bad.texts,
      resourceMetadataUrl: badUrl,
      expectedResource: badUrl,
      toPrincipal: bad.callback,
      proofCache: bad.proofCache,
      timeoutMs: bad.milliseconds,
      maxConcurrent: bad.count,
    },
  );

  it('takes toPrincipal with a verifier that has verifyAccessToken, and with no other', () => {
    const toPrincipal = verifier;
    expect(() => mcpBearerAuth({ verifier, toPrincipal })).to.throw(
      TypeError,
      /^mcpBearerAuth: option "toPrincipal" must /,
    );
    const verifyAccessToken = async () => ({});
    expect(mcpBearerAuth({ verifier: { verifyAccessToken }, toPrincipal })).to.be.a('function');
  });

  it('refuses a scope that no header can carry', () => {
    expect(() => mcpBearerAuth({ verifier, requiredScopes: ['a\nb'] })).to.throw(TypeError, 'header value');
  });

  describe('verdicts', () => {
    readsVerdicts({
      make: mcpBearerAuth as never,
      credential: (n) => ({ authorization: `Bearer t${n}` }),
      invalid: INVALID_TOKEN,
      insufficientScope: 'Bearer realm="mcp", error="insufficient_scope"',
      maxConcurrent: 64,
    });
  });

  it('makes the request run as the principal, with the token that was presented', async () => {
    const told = (await replyTo({ verifier: () => ({ ...ANN, clientId: 'c', scopes: ['s'] }) }, 'T0k-en=='))
      .json as Told;
    expect(told.principal).to.deep.equal({ subject: 'ann', clientId: 'c', scopes: ['s'] });
    expect(told).to.include({ user: 'ann', principalToken: null, authToken: 'T0k-en==' });
    expect(told.auth).to.include({ clientId: 'c' });
    expect(told.inspected).to.not.include('T0k-en');
  });

  it('prefers the token that the principal carries', async () => {
    const told = (await replyTo({ verifier: () => ({ ...ANN, token: 'exchanged' }) })).json as Told;
    expect(told).to.include({ principalToken: 'exchanged', authToken: 'exchanged' });
    expect(told.inspected).to.not.include('exchanged');
  });

  it('hands over the token readable and hidden', async () => {
    const seen: BearerCredentials[] = [];
    await replyTo({
      verifier: (credentials) => {
        seen.push(credentials);
        return ANN;
      },
    });
    expect(seen[0]?.token).to.equal('t');
    expect(inspect(seen)).to.equal('[ [credentials] ]');
    expect(JSON.stringify(seen)).to.equal('[null]');
  });

  it('acts on Bearer alone, in any case', async () => {
    let verified = 0;
    const counting = () => {
      verified += 1;
      return ANN;
    };
    await using served = await serve(mcpBearerAuth({ verifier: counting, proofCache: false }), tell);
    for (const other of [basic('a', 'b'), 'BearerX t', 'XBearer t', 'Token t', 'Bearer,t', '=']) {
      const { json } = await call(served.url, { headers: ['Authorization', other] });
      expect(json, other).to.include({ user: null });
    }
    expect(verified).to.equal(0);
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      const { json } = await call(served.url, { headers: ['Authorization', `${scheme}  t`] });
      expect(json, scheme).to.include({ user: 'ann' });
    }
    expect(verified).to.equal(4);
  });

  for (const token of ['', ' ', 'a b', 'a,b', 'a"b', '=', 'a=b', 'ä', 'a;b', '"a"']) {
    it(`refuses the token ${JSON.stringify(token)} unread`, async () => {
      const reply = await replyTo({ verifier: () => expect.fail('the verifier ran') }, token);
      expectRefusal(reply, 'malformed_credentials', { challenges: [BEARER] });
    });
  }

  it('looks for no token in the query or the body', async () => {
    await using served = await serve(
      mcpBearerAuth({ verifier: () => expect.fail('the verifier ran') }),
      tell,
    );
    expectRefusal(await call(served.url, { path: '/mcp?access_token=t' }), 'ambiguous_credentials');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const replies = [
      await call(served.url, { body: { access_token: 't' } }),
      await call(served.url, { body: 'access_token=t', headers: form }),
    ];
    for (const { json } of replies) expect(json).to.include({ user: null });
  });

  it('names realm, scopes and metadata in its challenges', async () => {
    const options = { realm: 'wiki', requiredScopes: ['read', 'write'], resourceMetadataUrl: METADATA };
    const rest = `scope="read write", resource_metadata="${METADATA}"`;
    const cases = [
      [null, 'invalid_credentials', `Bearer realm="wiki", error="invalid_token", ${rest}`],
      [
        { ...ANN, scopes: ['read'] },
        'insufficient_scope',
        `Bearer realm="wiki", error="insufficient_scope", ${rest}`,
      ],
      [ANN, 'insufficient_scope', `Bearer realm="wiki", error="insufficient_scope", ${rest}`],
    ] as const;
    for (const [answer, code, challenge] of cases) {
      expectRefusal(await replyTo({ ...options, verifier: () => answer }), code, { challenges: [challenge] });
    }
    expectRefusal(await replyTo({ ...options, verifier }, 'a b'), 'malformed_credentials', {
      challenges: [`Bearer realm="wiki", ${rest}`],
    });
  });

  it('asks for every required scope, on every request, remembered proofs too', async () => {
    const scopes = ['write', 'read', 'more'];
    await using served = await serve(
      mcpBearerAuth({
        verifier: ({ token }) => ({ subject: token, scopes: token === 'all' ? scopes : ['read', 'writer'] }),
        requiredScopes: ['read', 'write'],
      }),
      tell,
    );
    for (let i = 0; i < 3; i += 1) {
      expect((await as(served, 'all')).status).to.equal(200);
      expectRefusal(await as(served, 'some'), 'insufficient_scope', {
        challenges: ['Bearer realm="mcp", error="insufficient_scope", scope="read write"'],
      });
    }
  });

  for (const [proofCache, verifications] of [
    [undefined, 1],
    [{ ttlSeconds: 30 }, 2],
    [false, 3],
  ] as const) {
    it(`verifies ${verifications} times in a minute with proofCache ${JSON.stringify(proofCache)}`, async () => {
      using clock = stopClock();
      let verified = 0;
      const counting = () => {
        verified += 1;
        return ANN;
      };
      await using served = await serve(
        mcpBearerAuth({ verifier: counting, ...(proofCache !== undefined && { proofCache }) }),
        tell,
      );
      for (const seconds of [0, 29, 30]) {
        clock.advance(seconds * 1000);
        expect((await as(served, 't')).status).to.equal(200);
      }
      expect(verified).to.equal(verifications);
    });
  }
});
