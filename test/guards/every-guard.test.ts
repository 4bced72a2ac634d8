import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  mcpBasicAuth,
  mcpBearerAuth,
  mcpForwardedCredentials,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpPassport,
  mcpRequireAuth,
  mcpServiceAccount,
  mcpSessionBinding,
  mcpTlsGuard,
  mcpTokenGuard,
} from '../../lib/index.js';
import { requestState } from '../../lib/request-state.js';
import type { Principal } from '../../lib/types.js';
import { basic, call } from '../support/call.js';
import { listen } from '../support/events.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { catchWarnings } from '../support/warnings.js';

const nobody = (): null => null;
/** What no verifier may answer. */
const confused = (): Principal => ({ subject: '' });
const strategy = (user: unknown): never =>
  ({
    authenticate(this: { success(user: unknown): void }) {
      this.success(user);
    },
  }) as never;

const GUARDS: Readonly<Record<string, () => RequestHandler>> = {
  mcpBasicAuth: () => mcpBasicAuth({ verifier: nobody }),
  mcpBearerAuth: () => mcpBearerAuth({ verifier: nobody }),
  mcpForwardedCredentials: () => mcpForwardedCredentials({ headers: ['X-Key'] }),
  mcpLoginLimiter: () => mcpLoginLimiter(),
  mcpOriginGuard: () => mcpOriginGuard(),
  mcpPassport: () => mcpPassport(strategy({}), { scheme: 'X-Key', toPrincipal: nobody }),
  mcpRequireAuth: () => mcpRequireAuth(),
  mcpServiceAccount: () => mcpServiceAccount({ principal: { subject: 'bot' } }),
  mcpSessionBinding: () => mcpSessionBinding(),
  mcpTlsGuard: () => mcpTlsGuard(),
  mcpTokenGuard: () => mcpTokenGuard({ token: 'a shared token of some length' }),
};

/** Guards that prove credentials, confused; and a credential for them. */
const CONFUSED: Readonly<Record<string, readonly [RequestHandler, Record<string, string>]>> = {
  mcpBasicAuth: [mcpBasicAuth({ verifier: confused }), { authorization: basic('ann', 'right') }],
  mcpBearerAuth: [mcpBearerAuth({ verifier: confused }), { authorization: 'Bearer t' }],
  mcpForwardedCredentials: [
    mcpForwardedCredentials({ headers: ['X-Key'], identify: confused }),
    { 'x-key': 'k' },
  ],
  mcpPassport: [mcpPassport(strategy({}), { scheme: 'X-Key', toPrincipal: confused }), { 'x-key': 'k' }],
  mcpTokenGuard: [mcpTokenGuard({ token: () => 5 as never }), { 'x-mcp-token': 't' }],
};

/** The headers that tools do not see behind `guard`. */
async function hidden(guard: RequestHandler): Promise<readonly string[] | undefined> {
  let headers: readonly string[] | undefined;
  await using served = await serve(guard, (request, response) => {
    headers = requestState(request).hiddenHeaders;
    response.end();
  });
  await call(served.url);
  return headers;
}

describe('every guard', () => {
  for (const [name, make] of Object.entries(GUARDS)) {
    it(`has its name in a stack trace: ${name}`, () => {
      expect(make().name).to.equal(name);
    });
  }

  for (const [name, [guard, headers]] of Object.entries(CONFUSED)) {
    it(`warns in its own name of a verifier that answers neither: ${name}`, async () => {
      using warnings = catchWarnings();
      await using served = await serve(guard);
      expectRefusal(await call(served.url, { headers }), 'unavailable');
      expect(warnings.texts).to.have.length(1);
      expect(warnings.texts[0]).to.match(new RegExp(`^${name}: the verifier answered`));
    });
  }

  it('speaks in its own name: mcpTokenGuard', async () => {
    using heard = listen();
    await using served = await serve(mcpTokenGuard({ token: 'right' }));
    expectRefusal(await call(served.url, { headers: { 'x-mcp-token': 'wrong' } }), 'invalid_mcp_token', {
      challenges: ['MCP-Token realm="mcp"'],
    });
    expect(heard.events.map(({ guard }) => guard)).to.deep.equal(['mcpTokenGuard']);
  });

  it('hides the headers that are its own from tools, and no others', async () => {
    const passport = (scheme: string) => mcpPassport(strategy({}), { scheme, toPrincipal: nobody });
    expect(await hidden(passport('X-Key'))).to.deep.equal(['x-key']);
    expect(await hidden(passport('Basic'))).to.deep.equal([]);
    const forwarded = mcpForwardedCredentials({ headers: ['X-Org', 'X-Key'] });
    expect(await hidden(forwarded)).to.deep.equal(['x-key', 'x-org']);
  });

  it('says what an option must be', () => {
    const keys = 'must be a non-empty list of "ip", "ip+account", "account"';
    expect(() => mcpLoginLimiter({ keys: [] })).to.throw(TypeError, keys);
    const verifier = 1 as never;
    expect(() => mcpBearerAuth({ verifier })).to.throw(
      TypeError,
      /must be a function, or an object with verify .*, or one with verifyAccessToken/,
    );
  });
});
