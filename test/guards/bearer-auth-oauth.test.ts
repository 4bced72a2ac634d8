import {
  InsufficientScopeError,
  InvalidClientError,
  InvalidTokenError,
  ServerError,
  TooManyRequestsError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import { expect } from 'chai';

import { type BearerAuthOptions, mcpBearerAuth, mcpLoginLimiter, type Principal } from '../../lib/index.js';
import { call } from '../support/call.js';
import { expectRefusal, INVALID_TOKEN } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { type Told, tell } from '../support/tell.js';
import { catchWarnings } from '../support/warnings.js';

const INFO: AuthInfo = {
  token: 't',
  clientId: 'agent',
  scopes: ['read'],
  extra: { sub: 'ann', name: 'Ann' },
};
const RESOURCE = 'https://api.example.com/mcp';

const verifying = (verifyAccessToken: OAuthTokenVerifier['verifyAccessToken']): OAuthTokenVerifier => ({
  verifyAccessToken,
});

async function replyTo(
  info: AuthInfo | (() => never),
  options: Omit<BearerAuthOptions, 'verifier'> = {},
  token = 't',
) {
  const verifier = verifying(async () => (typeof info === 'function' ? info() : info));
  await using served = await serve(mcpBearerAuth({ ...options, verifier }), tell);
  return await call(served.url, { headers: { authorization: `Bearer ${token}` } });
}

const throwing = (error: unknown) => (): never => {
  throw error;
};

describe("mcpBearerAuth with the SDK's OAuthTokenVerifier", () => {
  it('is called on its object, with the token', async () => {
    class Provider implements OAuthTokenVerifier {
      readonly seen: string[] = [];
      async verifyAccessToken(token: string): Promise<AuthInfo> {
        this.seen.push(token);
        return INFO;
      }
    }
    const verifier = new Provider();
    await using served = await serve(mcpBearerAuth({ verifier }), tell);
    expect((await call(served.url, { headers: { authorization: 'Bearer abc' } })).status).to.equal(200);
    expect(verifier.seen).to.deep.equal(['abc']);
  });

  it('makes extra.sub the subject, and keeps what else it knows', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 60;
    const told = (await replyTo({ ...INFO, expiresAt })).json as Told;
    expect(told.principal).to.deep.equal({
      subject: 'ann',
      clientId: 'agent',
      scopes: ['read'],
      expiresAt,
      claims: { sub: 'ann', name: 'Ann' },
    });
    expect(told).to.include({ principalToken: 't', authToken: 't' });
    expect(told.auth).to.include({ clientId: 'agent', expiresAt });
  });

  it('asks toPrincipal first', async () => {
    const toPrincipal = ({ clientId, scopes, extra }: AuthInfo): Principal => ({
      subject: `${clientId}/${extra?.name}`,
      issuer: 'idp',
      scopes,
    });
    const told = (await replyTo(INFO, { toPrincipal }, 'presented')).json as Told;
    expect(told.principal).to.deep.equal({ subject: 'agent/Ann', issuer: 'idp', scopes: ['read'] });
    expect(told.authToken).to.equal('presented');
  });

  const { extra: _extra, ...nobody } = INFO;
  const nameless: readonly Partial<AuthInfo>[] = [
    nobody,
    { ...nobody, extra: {} },
    { ...nobody, extra: { sub: '' } },
    { ...nobody, extra: { sub: 5 } },
  ];
  for (const info of nameless) {
    it(`refuses ${JSON.stringify(info.extra) ?? 'no extra'} loudly: a client id is not a person`, async () => {
      using warnings = catchWarnings();
      expectRefusal(await replyTo(info as AuthInfo), 'unavailable');
      expect(warnings.codes).to.deep.equal(['MCP_GUARD_VERIFIER_ANSWER']);
      expect(warnings.texts[0])
        .to.match(/^mcpBearerAuth: /)
        .and.not.include('agent');
    });
  }

  it('refuses what toPrincipal answers, loudly, where it is nobody', async () => {
    using warnings = catchWarnings();
    const toPrincipal = () => ({ subject: '' });
    expectRefusal(await replyTo(INFO, { toPrincipal }), 'unavailable');
    expect(warnings.codes).to.deep.equal(['MCP_GUARD_VERIFIER_ANSWER']);
  });

  it('is unavailable where toPrincipal throws', async () => {
    expectRefusal(await replyTo(INFO, { toPrincipal: throwing(new Error('s3cret')) }), 'unavailable');
  });

  it('reads its errors by their code', async () => {
    expectRefusal(await replyTo(throwing(new InvalidTokenError('s3cret'))), 'invalid_credentials', {
      challenges: [INVALID_TOKEN],
    });
    expectRefusal(await replyTo(throwing(new InsufficientScopeError('s3cret'))), 'insufficient_scope', {
      challenges: ['Bearer realm="mcp", error="insufficient_scope"'],
    });
    const copy = Object.assign(new Error('another copy of the SDK'), { errorCode: 'invalid_token' });
    expect((await replyTo(throwing(copy))).code).to.equal('invalid_credentials');
  });

  const outages = [
    new ServerError('x'),
    new InvalidClientError('x'),
    new TooManyRequestsError('x'),
    new Error('x'),
    null,
  ];
  for (const error of outages) {
    it(`is unavailable on ${error?.name ?? 'null'}`, async () => {
      expectRefusal(await replyTo(throwing(error)), 'unavailable');
    });
  }

  it('is unavailable on an answer of nothing', async () => {
    for (const nothing of [undefined, null]) {
      expectRefusal(await replyTo(nothing as unknown as AuthInfo), 'unavailable');
    }
  });

  it('refuses an expired token, and does not count it', async () => {
    const verifier = verifying(async () => ({ ...INFO, expiresAt: 1 }));
    await using served = await serve(mcpLoginLimiter({ points: 1 }), mcpBearerAuth({ verifier }), tell);
    for (const token of ['a', 'b', 'a']) {
      const reply = await call(served.url, { headers: { authorization: `Bearer ${token}` } });
      expectRefusal(reply, 'invalid_credentials', { challenges: [INVALID_TOKEN] });
    }
  });

  it('takes a token without an expiry', async () => {
    expect((await replyTo(INFO)).status).to.equal(200);
  });

  it('asks for the required scopes', async () => {
    const challenges = ['Bearer realm="mcp", error="insufficient_scope", scope="write"'];
    expectRefusal(await replyTo(INFO, { requiredScopes: ['write'] }), 'insufficient_scope', { challenges });
    expect((await replyTo(INFO, { requiredScopes: ['read'] })).status).to.equal(200);
  });

  describe('expectedResource', () => {
    const toPrincipal = () => ({ subject: 'ann' });
    const cases: readonly (readonly [string, Partial<AuthInfo>, boolean])[] = [
      ['the resource', { resource: new URL(RESOURCE) }, true],
      ['another resource', { resource: new URL('https://other.example.com/mcp') }, false],
      ['no resource', {}, false],
      ['the claim aud', { extra: { sub: 'ann', aud: [RESOURCE] } }, true],
      ['another claim aud', { extra: { sub: 'ann', aud: ['https://other.example.com'] } }, false],
    ];
    for (const [what, changes, passes] of cases) {
      it(`${passes ? 'takes' : 'refuses'} a token for ${what}`, async () => {
        const reply = await replyTo({ ...INFO, ...changes }, { expectedResource: RESOURCE });
        if (passes) expect(reply.status).to.equal(200);
        else expectRefusal(reply, 'invalid_credentials', { challenges: [INVALID_TOKEN] });
      });
    }
    it('is found in the resource, with toPrincipal too', async () => {
      const options = { toPrincipal, expectedResource: RESOURCE };
      expect((await replyTo({ ...INFO, resource: new URL(RESOURCE) }, options)).status).to.equal(200);
      expect((await replyTo(INFO, options)).code).to.equal('invalid_credentials');
    });
  });
});
