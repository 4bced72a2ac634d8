import { expect } from 'chai';

import { mcpBasicAuth, mcpBearerAuth, mcpRequireAuth, mcpServiceAccount } from '../../lib/index.js';
import { basic, call } from '../support/call.js';
import { BASIC, BEARER, expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { tell } from '../support/tell.js';

const ANN = { subject: 'ann' };
const both = [mcpBasicAuth({ verifier: () => ANN }), mcpBearerAuth({ verifier: () => ANN })] as const;
const BOTH = [BEARER, BASIC];

describe('mcpRequireAuth', () => {
  it('passes whom a guard has let pass', async () => {
    await using served = await serve(...both, mcpRequireAuth(), tell);
    const { status, json } = await call(served.url, { headers: { authorization: basic('ann', 'x') } });
    expect(status).to.equal(200);
    expect(json).to.include({ user: 'ann' });
  });

  it('refuses nobody with all challenges, Bearer first', async () => {
    await using served = await serve(...both, mcpRequireAuth(), tell);
    for (const method of ['GET', 'POST', 'DELETE']) {
      expectRefusal(await call(served.url, { method }), 'missing_credentials', { challenges: BOTH });
    }
  });

  it('refuses a scheme that no guard knows as unusable, not as missing', async () => {
    await using served = await serve(
      ...both,
      mcpServiceAccount({ principal: { subject: 'robot' } }),
      mcpRequireAuth(),
      tell,
    );
    for (const authorization of ['Digest x', 'Basics YTpi', 'BearerX t', 'X', '=', ',Basic YTpi']) {
      const reply = await call(served.url, { headers: { authorization } });
      expectRefusal(reply, 'malformed_credentials', { challenges: BOTH });
    }
  });

  it('refuses everybody, with a challenge, where no authentication guard is mounted', async () => {
    await using served = await serve(mcpRequireAuth(), tell);
    expectRefusal(await call(served.url), 'missing_credentials', { challenges: [BEARER] });
    const reply = await call(served.url, { headers: { authorization: basic('ann', 'x') } });
    expectRefusal(reply, 'malformed_credentials', { challenges: [BEARER] });
    const two = ['Authorization', 'Basic YTpi', 'Authorization', 'Bearer t'];
    expectRefusal(await call(served.url, { headers: two }), 'ambiguous_credentials');
    expectRefusal(await call(served.url, { path: '/mcp?x=1&access_token=t' }), 'ambiguous_credentials');
  });
});
