import { expect } from 'chai';

import { mcpBasicAuth, mcpServiceAccount } from '../../lib/index.js';
import { basic, call } from '../support/call.js';
import { checksOptions } from '../support/options.js';
import { BASIC, expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { type Told, tell } from '../support/tell.js';

const ROBOT = { subject: 'robot', issuer: 'house', scopes: ['read'], token: 'upstream-token' };

describe('mcpServiceAccount', () => {
  checksOptions(
    'mcpServiceAccount',
    mcpServiceAccount,
    { principal: ROBOT },
    {
      principal: [
        'robot',
        null,
        {},
        [],
        { subject: '' },
        { subject: 5 },
        { subject: 'r', tenant: 1 },
        { subject: 'r', scopes: 'read' },
        { subject: 'r', expiresAt: Number.NaN },
      ],
    },
  );

  it('lets a request without credentials run as it', async () => {
    await using served = await serve(mcpServiceAccount({ principal: ROBOT }), tell);
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { json } = await call(served.url, { method });
      const { principal, principalToken, user, auth, authToken } = json as Told;
      expect(principal).to.deep.equal({ subject: 'robot', issuer: 'house', scopes: ['read'] });
      expect([principalToken, authToken]).to.deep.equal(['upstream-token', 'upstream-token']);
      expect([user, auth?.scopes]).to.deep.equal(['robot', ['read']]);
    }
  });

  it('keeps the principal as it was when the guard was made', async () => {
    const changing = { subject: 'robot', scopes: ['read'] };
    await using served = await serve(mcpServiceAccount({ principal: changing }), tell);
    changing.subject = 'root';
    changing.scopes.push('admin');
    const { principal } = (await call(served.url)).json as Told;
    expect(principal).to.deep.equal({ subject: 'robot', scopes: ['read'] });
  });

  const present = [
    'Basic',
    'Basic !',
    basic('a', 'wrong'),
    'basic x',
    'Bearer',
    'Bearer t',
    'Token x',
    ':',
    '',
  ];
  for (const authorization of present) {
    it(`is nobody for Authorization: ${JSON.stringify(authorization)}`, async () => {
      await using served = await serve(mcpServiceAccount({ principal: ROBOT }), tell);
      const { json } = await call(served.url, { headers: ['Authorization', authorization] });
      expect(json).to.include({ principal: null, user: null, auth: null });
    });
  }

  it('leaves alone whom another guard has proven, and whom it has refused', async () => {
    const verifier = ({ password }: { password: string }) =>
      password === 'right' ? { subject: 'ann' } : null;
    await using served = await serve(
      mcpBasicAuth({ verifier }),
      mcpServiceAccount({ principal: ROBOT }),
      tell,
    );
    const as = (authorization: string) => call(served.url, { headers: { authorization } });
    expect((await as(basic('ann', 'right'))).json).to.include({ user: 'ann' });
    expectRefusal(await as(basic('ann', 'wrong')), 'invalid_credentials', { challenges: [BASIC] });
    expectRefusal(await as('Basic'), 'malformed_credentials', { challenges: [BASIC] });
    expect((await call(served.url)).json).to.include({ user: 'robot' });
  });

  it('refuses a token in the query', async () => {
    await using served = await serve(mcpServiceAccount({ principal: ROBOT }), tell);
    expectRefusal(await call(served.url, { path: '/mcp?access_token=x' }), 'ambiguous_credentials');
  });

  it('gives nobody an account on other methods', async () => {
    await using served = await serve(mcpServiceAccount({ principal: ROBOT }), tell);
    for (const method of ['OPTIONS', 'PUT', 'PATCH']) {
      expect((await call(served.url, { method })).json, method).to.include({ user: null });
    }
  });
});
