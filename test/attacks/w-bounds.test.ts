import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import { expect } from 'chai';

import {
  type BearerAuthOptions,
  type LoginKeys,
  type LoginStore,
  MemoryLoginStore,
  mcpBearerAuth,
  mcpHandler,
} from '../../lib/index.js';
import { jwtVerifier } from '../../lib/jwt/index.js';
import { AUDIENCE, ISSUER, SECRET, token } from '../jwt/tokens.js';
import { basic, call, initialize } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { serve } from '../support/serve.js';
import { catchWarnings } from '../support/warnings.js';
import { behindProxy, from, type Headers, stand, whoami } from './support/stand.js';

async function bearerEndpoint(options: BearerAuthOptions) {
  const ran: string[] = [];
  const served = await serve(
    mcpBearerAuth(options),
    mcpHandler({
      enableJsonResponse: true,
      createServer: ({ principal }) => buildServer(principal, (tool) => ran.push(tool)),
    }),
  );
  const ask = async (presented: string): Promise<readonly [number, string | undefined]> => {
    const { status, code } = await whoami(served, { authorization: `Bearer ${presented}` });
    return [status, code];
  };
  return Object.assign(served, { ran, ask });
}

const WRONG = [401, 'invalid_credentials'] as const;

describe('W23: what a check needs and does not find is refused', () => {
  const verifier = jwtVerifier({ issuer: ISSUER, audience: AUDIENCE, keys: SECRET, tokenType: 'at+jwt' });

  it('refuses a token without, or with an empty, issuer, audience, subject, expiry or type', async () => {
    await using served = await bearerEndpoint({ verifier });
    expect(await served.ask(token())).to.deep.equal([200, undefined]);
    for (const claim of ['iss', 'aud', 'sub', 'exp']) {
      for (const value of [undefined, null, '', 0, [], {}, [''], true, { [AUDIENCE]: 1 }]) {
        const presented = token({ [claim]: value });
        expect(await served.ask(presented), `${claim}: ${String(value)}`).to.deep.equal(WRONG);
      }
    }
    for (const typ of [undefined, null, '', 'JWT', [], ['at+jwt'], {}]) {
      expect(await served.ask(token({}, { typ })), `typ: ${String(typ)}`).to.deep.equal(WRONG);
    }
    expect(served.ran).to.have.length(1);
  });

  it('refuses a token issued for no resource, or not told to be, where one is expected', async () => {
    const audiences = new Map<string, unknown>([
      ['none', undefined],
      ['null', null],
      ['empty', ''],
      ['no-list', []],
      ['no-url', 'app'],
      ['other', 'https://other.example.com/mcp'],
      ['prefix', `${AUDIENCE}/more`],
      ['object', { href: AUDIENCE }],
    ]);
    await using served = await bearerEndpoint({
      verifier: async ({ token: name }) => ({ subject: 'ada', claims: { aud: audiences.get(name) } }),
      expectedResource: AUDIENCE,
    });
    for (const name of audiences.keys()) expect(await served.ask(name), name).to.deep.equal(WRONG);
    audiences.set('right', AUDIENCE);
    expect(await served.ask('right')).to.deep.equal([200, undefined]);
  });

  it('refuses a principal without scopes where one is required, and a token that names no person', async () => {
    const scopes = new Map([
      ['none', undefined],
      ['empty', []],
      ['part', ['mcp', 'reader']],
      ['joined', ['mcp writer']],
      ['case', ['MCP', 'writer']],
    ]);
    await using served = await bearerEndpoint({
      verifier: async ({ token: name }) => {
        const granted = scopes.get(name);
        return { subject: 'ada', ...(granted && { scopes: granted }) };
      },
      requiredScopes: ['mcp', 'writer'],
    });
    for (const name of scopes.keys()) {
      expect(await served.ask(name), name).to.deep.equal([403, 'insufficient_scope']);
    }

    using warnings = catchWarnings();
    const info = { token: 't', clientId: 'an application', scopes: [] };
    await using nameless = await bearerEndpoint({
      verifier: {
        verifyAccessToken: async (name): Promise<AuthInfo> =>
          name === 'none' ? info : { ...info, extra: { sub: name === 'empty' ? '' : 7 } },
      },
    });
    for (const name of ['none', 'empty', 'number']) {
      expect(await nameless.ask(name), name).to.deep.equal([503, 'unavailable']);
    }
    expect(warnings.codes).to.deep.equal(Array(3).fill('MCP_GUARD_VERIFIER_ANSWER'));
    expect([...served.ran, ...nameless.ran]).to.deep.equal([]);
  });
});

describe('W24: what the limiter remembers is bounded, and no client writes its keys', () => {
  const guess = ({ url }: { url: URL }, n: number | string, headers: Headers = {}) =>
    call(url, { headers: { ...headers, authorization: basic(`name ${n}`, 'guess') }, body: initialize() });

  /** A store that shows the keys it is given. */
  function keysSeen(): { readonly seen: LoginKeys[]; readonly store: LoginStore } {
    const inner = new MemoryLoginStore();
    const seen: LoginKeys[] = [];
    return {
      seen,
      store: {
        reserve: (keys, budget) => {
          seen.push(keys);
          return inner.reserve(keys, budget);
        },
        settle: (...args) => inner.settle(...args),
      },
    };
  }

  it('takes the 2^64 addresses of an IPv6 /64, in any spelling, for one', async () => {
    await using target = await stand({ configure: behindProxy, limiter: { points: 5 } });
    const spellings = [
      '2001:db8:1:2::1',
      '2001:DB8:1:2::2',
      '2001:0db8:0001:0002:ffff:ffff:ffff:ffff',
      '2001:db8:1:2:ffff::1.2.3.4',
      '2001:db8:1:2:0:0:0:0',
      '2001:db8:1:2:8000::',
    ];
    const answers: number[] = [];
    for (const [n, address] of spellings.entries())
      answers.push((await guess(target, n, from(address))).status);
    expect(answers).to.deep.equal([401, 401, 401, 401, 401, 429]);
    expect((await guess(target, 'next', from('2001:db8:1:3::1'))).status).to.equal(401);
  });

  it('makes keys of one length from whatever comes, and one source of all that is no address', async () => {
    const { seen, store } = keysSeen();
    await using target = await stand({ configure: behindProxy, limiter: { points: 1000, store } });
    const addresses = [
      'unknown',
      '_hidden',
      '1.2.3.4:5678',
      '[2001:db8::1]',
      '1.2.3',
      '9'.repeat(4000),
      '"',
      'a,b;c',
    ];
    for (const [n, address] of addresses.entries()) await guess(target, n, from(address));
    const names = [
      'a'.repeat(1000),
      '__proto__',
      'ip',
      '*',
      'a:b',
      '{x}',
      'x\u202ey',
      'x\ty',
      'a'.repeat(1025),
    ];
    for (const name of names) {
      const headers = { ...from('192.0.2.1'), authorization: basic(name, 'guess') };
      await call(target.url, { headers, body: initialize() });
    }
    const keys = seen.flatMap((each) => Object.values(each) as string[]);
    expect(keys.filter((key) => !/^[\w-]{43}$/.test(key))).to.deep.equal([]);
    expect(seen).to.have.length(addresses.length + names.length - 2);
    expect(new Set(seen.slice(0, addresses.length).map(({ ip }) => ip))).to.have.length(1);
    // Control characters and names beyond all measure never become a key.
    expect(target.verified).to.have.length(seen.length);
  });

  it('makes room: the key that failed longest ago is the one that is forgotten', async () => {
    const store = new MemoryLoginStore({ maxKeys: 20 });
    await using target = await stand({ configure: behindProxy, limiter: { points: 1, keys: ['ip'], store } });
    const at = (n: number): Headers => from(`198.51.100.${n}`);
    expect((await guess(target, 'first', at(0))).status).to.equal(401);
    expect((await guess(target, 'second', at(0))).status).to.equal(429);
    for (let n = 1; n < 20; n += 1) await guess(target, n, at(n));
    expect((await guess(target, 'third', at(0))).status).to.equal(429);
    await guess(target, 20, at(20));
    expect((await guess(target, 'fourth', at(0))).status).to.equal(401);
    expect((await guess(target, 'fifth', at(19))).status).to.equal(429);
  });
});
