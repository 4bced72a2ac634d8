import { expect } from 'chai';

import { type BearerAuthOptions, mcpBearerAuth, type Principal } from '../../lib/index.js';
import { call } from '../support/call.js';
import { expectRefusal, INVALID_TOKEN } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { type Told, tell } from '../support/tell.js';

const ANN: Principal = { subject: 'ann' };
const verifier = () => ANN;

async function replyTo(options: BearerAuthOptions) {
  await using served = await serve(mcpBearerAuth(options), tell);
  return await call(served.url, { headers: { authorization: 'Bearer t' } });
}

describe('expectedResource of mcpBearerAuth', () => {
  const expectedResource = 'https://api.example.com/mcp';
  const refused = [
    undefined,
    null,
    '',
    [],
    'https://api.example.com/',
    'https://api.example.com/mcp/',
    'https://api.example.com/mcp/other',
    'http://api.example.com/mcp',
    'https://api.example.com:8443/mcp',
    'https://evil.example.com/mcp',
    'api.example.com/mcp',
    ['https://evil.example.com/mcp'],
    [[expectedResource]],
    { aud: expectedResource },
  ];
  for (const aud of refused) {
    it(`refuses a token for ${JSON.stringify(aud) ?? 'none'}`, async () => {
      const reply = await replyTo({ verifier: () => ({ ...ANN, claims: { aud } }), expectedResource });
      expectRefusal(reply, 'invalid_credentials', { challenges: [INVALID_TOKEN] });
    });
  }
  it('refuses a token without claims', async () => {
    const reply = await replyTo({ verifier, expectedResource });
    expectRefusal(reply, 'invalid_credentials', { challenges: [INVALID_TOKEN] });
  });

  const taken = [
    expectedResource,
    'HTTPS://API.example.com:443/mcp',
    ['https://other.example.com', expectedResource],
  ];
  for (const aud of taken) {
    it(`takes a token for ${JSON.stringify(aud)}, and tells tools the resource`, async () => {
      const reply = await replyTo({ verifier: () => ({ ...ANN, claims: { aud } }), expectedResource });
      expect(reply.status).to.equal(200);
      expect((reply.json as Told).auth).to.deep.include({ resource: expectedResource });
    });
  }
  it('takes a token for anything where none is expected', async () => {
    expect((await replyTo({ verifier: () => ({ ...ANN, claims: { aud: 'x' } }) })).status).to.equal(200);
  });
});
