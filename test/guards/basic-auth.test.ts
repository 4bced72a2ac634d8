import { inspect } from 'node:util';

import { expect } from 'chai';

import { type BasicCredentials, mcpBasicAuth, type VerifyContext } from '../../lib/index.js';
import { basic, call } from '../support/call.js';
import { bad, checksOptions } from '../support/options.js';
import { BASIC, expectRefusal } from '../support/refusal.js';
import { type Served, serve } from '../support/serve.js';
import { type Told, tell } from '../support/tell.js';
import { readsVerdicts } from '../support/verdicts.js';

const CHALLENGES = { challenges: [BASIC] };
const ANN = { subject: 'ann' };
const as = (served: Served, authorization: string, method = 'POST') =>
  call(served.url, { method, headers: ['Authorization', authorization] });

describe('mcpBasicAuth', () => {
  const verifier = () => ANN;
  checksOptions(
    'mcpBasicAuth',
    mcpBasicAuth,
    { verifier },
    {
      verifier: [
        null,
        'x',
        5,
        {},
        [],
        { verify: 5 },
        { verify() {}, isActive: true },
        { verifyAccessToken() {} },
      ],
      realm: bad.text,
      proofCache: bad.proofCache,
      timeoutMs: bad.milliseconds,
      maxConcurrent: bad.count,
      maxPasswordBytes: bad.count,
    },
  );

  describe('verdicts', () => {
    readsVerdicts({
      make: mcpBasicAuth as never,
      credential: (n) => ({ authorization: basic(`u${n}`, 'pw') }),
      invalid: BASIC,
      maxConcurrent: 8,
    });
  });

  it('makes the request run as the principal', async () => {
    const principal = {
      subject: 'u-1',
      issuer: 'wiki',
      tenant: 't',
      clientId: 'c',
      scopes: ['read'],
      expiresAt: 4e9,
      claims: { name: 'Ann' },
    };
    await using served = await serve(
      mcpBasicAuth({ verifier: () => ({ ...principal, token: 'issued', extra: 'dropped' }) }),
      tell,
    );
    const told = (await as(served, basic('ann', 'pa:ss'))).json as Told;
    expect(told.principal).to.deep.equal(principal);
    expect(told).to.include({ user: 'u-1', principalToken: 'issued', authToken: 'issued' });
    expect(told.auth).to.deep.equal({
      clientId: 'c',
      scopes: ['read'],
      expiresAt: 4e9,
      extra: { principal },
    });
    expect(told.inspected).to.not.match(/issued|pa:ss/);
  });

  it('never makes a password the token', async () => {
    await using served = await serve(mcpBasicAuth({ verifier }), tell);
    const told = (await as(served, basic('ann', 's3cret'))).json as Told;
    expect(told).to.include({ principalToken: null, authToken: '' });
    expect(JSON.stringify(told)).to.not.include('s3cret');
  });

  it('hands over the credentials as they came, readable and hidden', async () => {
    const seen: (readonly [BasicCredentials, VerifyContext])[] = [];
    class Users {
      readonly found = ANN;
      verify(credentials: BasicCredentials, context: VerifyContext) {
        seen.push([credentials, context]);
        return this.found;
      }
      isActive() {
        return this.found === ANN;
      }
    }
    await using served = await serve(mcpBasicAuth({ verifier: new Users() }), tell);
    expect((await as(served, basic(' Änn ', 'p:ä:'))).status).to.equal(200);
    expect((await as(served, basic('ben', ''))).status).to.equal(200);
    const [[first, { request }], [second]] = seen as [(typeof seen)[0], (typeof seen)[0]];
    expect([first.username, first.password]).to.deep.equal([' Änn ', 'p:ä:']);
    expect([second.username, second.password]).to.deep.equal(['ben', '']);
    expect(inspect(first, { depth: 9 }) + JSON.stringify({ first })).to.not.match(/nn|ä/);
    expect([request.method, request.originalUrl]).to.deep.equal(['POST', '/mcp']);
  });

  it('acts on Basic alone, in any case', async () => {
    let verified = 0;
    const counting = () => {
      verified += 1;
      return ANN;
    };
    await using served = await serve(mcpBasicAuth({ verifier: counting, proofCache: false }), tell);
    const credential = basic('ann', 'pw').slice('Basic '.length);
    for (const other of ['Bearer t', 'XBasic YTpi', 'Basics YTpi', 'Digest x', '=', 'Basic,YTpi']) {
      expect((await as(served, other)).json, other).to.include({ user: null });
    }
    expect((await call(served.url)).json).to.include({ user: null });
    expect(verified).to.equal(0);
    for (const scheme of ['Basic', 'basic', 'BASIC', 'bAsIc']) {
      expect((await as(served, `${scheme}   ${credential}`)).json, scheme).to.include({ user: 'ann' });
    }
    expect(verified).to.equal(4);
  });

  const unusable = [
    'Basic',
    'Basic ',
    'basic x',
    'Basic OnB3',
    'Basic YW5u',
    'Basic YTpi YTpi',
    'Basic YTp=',
  ];
  const accounts = ['\u200b:pw', 'a\u0000:pw', ' : pw', `${'a'.repeat(1025)}:pw`];
  for (const authorization of [
    ...unusable,
    ...accounts.map((pair) => basic(pair.split(':')[0] ?? '', 'pw')),
  ]) {
    it(`refuses ${authorization.slice(0, 40)} unread`, async () => {
      await using served = await serve(
        mcpBasicAuth({ verifier: () => expect.fail('the verifier ran') }),
        tell,
      );
      expectRefusal(await as(served, authorization), 'malformed_credentials', CHALLENGES);
    });
  }

  it('refuses two headers, and a token in the query, whatever they say', async () => {
    await using served = await serve(mcpBasicAuth({ verifier }), tell);
    const good = ['Authorization', basic('ann', 'pw')];
    expectRefusal(await call(served.url, { headers: [...good, ...good] }), 'ambiguous_credentials');
    const path = '/mcp?a=1&access%5Ftoken=t';
    expectRefusal(await call(served.url, { headers: good, path }), 'ambiguous_credentials');
    expectRefusal(await call(served.url, { path }), 'ambiguous_credentials');
  });

  it('proves nothing on other methods', async () => {
    await using served = await serve(mcpBasicAuth({ verifier: () => expect.fail('the verifier ran') }), tell);
    for (const method of ['OPTIONS', 'PUT', 'PATCH', 'TRACE']) {
      expect((await as(served, basic('ann', 'pw'), method)).json, method).to.include({ user: null });
    }
  });

  it('names the realm that it is told, escaped', async () => {
    await using served = await serve(mcpBasicAuth({ verifier: () => null, realm: 'the "wiki"' }), tell);
    const challenges = ['Basic realm="the \\"wiki\\"", charset="UTF-8"'];
    expectRefusal(await as(served, basic('ann', 'x')), 'invalid_credentials', { challenges });
    expect(() => mcpBasicAuth({ verifier, realm: 'a\r\nb' })).to.throw(TypeError, 'header value');
  });

  for (const maxPasswordBytes of [undefined, 6]) {
    it(`refuses passwords beyond ${maxPasswordBytes ?? 1024} bytes of UTF-8`, async () => {
      await using served = await serve(
        mcpBasicAuth({ verifier, ...(maxPasswordBytes !== undefined && { maxPasswordBytes }) }),
        tell,
      );
      const longest = 'ä'.repeat((maxPasswordBytes ?? 1024) / 2);
      expect((await as(served, basic('ann', longest))).status).to.equal(200);
      expectRefusal(await as(served, basic('ann', `${longest}x`)), 'malformed_credentials', CHALLENGES);
    });
  }
});
