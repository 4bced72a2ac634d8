import { expect } from 'chai';

import {
  asVerifier,
  fromTokenVerifier,
  hooksOf,
  isTokenVerifier,
  type TokenInfo,
  verifierRule,
} from '../../lib/authentication/verifier.js';
import { isPrincipal } from '../../lib/principal.js';
import type { CredentialVerifier, Principal, VerifyContext } from '../../lib/types.js';

const context = { signal: new AbortController().signal } as VerifyContext;
const verify = (): null => null;

describe('verifierRule', () => {
  const method = (): void => {};
  const good: readonly unknown[] = [
    verify,
    { verify },
    { verify, isActive: method, startSession: method, endSession: method },
    { verify, isActive: undefined, more: 5 },
    new (class {
      verify(): null {
        return null;
      }
    })(),
  ];
  const bad: readonly unknown[] = [
    ...[undefined, null, 'verify', 5, {}, [], { verify: 'x' }],
    ...['isActive', 'startSession', 'endSession'].flatMap((name) =>
      [null, true, 'x', {}].map((value) => ({ verify, [name]: value })),
    ),
    { verifyAccessToken: method },
  ];
  it('takes a function, or an object whose methods are functions', () => {
    for (const value of good) expect(verifierRule.test(value)).to.equal(true);
    for (const value of bad) expect(verifierRule.test(value), JSON.stringify(value)).to.equal(false);
    expect(verifierRule.required).to.equal(true);
  });
});

describe('asVerifier', () => {
  it('takes a bare function for verify, and a verifier as it is', () => {
    expect(asVerifier(verify)).to.deep.equal({ verify });
    const verifier = { verify };
    expect(asVerifier(verifier)).to.equal(verifier);
  });
});

describe('hooksOf', () => {
  class Verifier implements CredentialVerifier<unknown> {
    readonly calls: unknown[] = [];
    verify(): null {
      return null;
    }
    startSession(principal: Principal, started: object): void {
      this.calls.push(['start', principal, started]);
    }
    endSession(principal: Principal, ended: object): void {
      this.calls.push(['end', principal, ended]);
    }
  }

  it("are the verifier's own, bound to it", async () => {
    const verifier = new Verifier();
    const { startSession, endSession } = hooksOf(verifier) ?? {};
    const ada = { subject: 'ada' };
    await startSession?.(ada, { sessionId: 'id' });
    await endSession?.(ada, { sessionId: 'id', reason: 'idle' });
    expect(verifier.calls).to.deep.equal([
      ['start', ada, { sessionId: 'id' }],
      ['end', ada, { sessionId: 'id', reason: 'idle' }],
    ]);
  });

  it('are those that there are', () => {
    expect(hooksOf({ verify })).to.equal(undefined);
    expect(hooksOf({ verify, startSession: () => {} })).to.have.all.keys('startSession');
    expect(hooksOf({ verify, endSession: () => {} })).to.have.all.keys('endSession');
  });
});

describe('isTokenVerifier', () => {
  const verifyAccessToken = async (): Promise<TokenInfo> => ({});

  it("knows the SDK's verifier, and prefers a verifier of ours", () => {
    expect(isTokenVerifier({ verifyAccessToken })).to.equal(true);
    expect(isTokenVerifier({ verifyAccessToken, verify: 5 })).to.equal(true);
    expect(isTokenVerifier({ verifyAccessToken, verify })).to.equal(false);
    for (const value of [undefined, null, {}, verify, { verify }, { verifyAccessToken: true }]) {
      expect(isTokenVerifier(value)).to.equal(false);
    }
  });
});

describe('fromTokenVerifier', () => {
  const full: TokenInfo = {
    token: 'jwt',
    clientId: 'client',
    scopes: ['read'],
    expiresAt: 4_000_000_000,
    extra: { sub: 'ada', role: 'admin' },
  };

  const verifierOf = (
    answer: () => TokenInfo | Promise<TokenInfo>,
    toPrincipal?: (info: TokenInfo) => Principal | null | Promise<Principal | null>,
  ): CredentialVerifier<{ token: string }> =>
    fromTokenVerifier({ verifyAccessToken: async () => answer() }, toPrincipal);

  const verified = async (
    info: TokenInfo,
    toPrincipal?: (info: TokenInfo) => Principal | null | Promise<Principal | null>,
  ): Promise<unknown> => verifierOf(() => info, toPrincipal).verify({ token: 'presented' }, context);

  const rejection = async (verifier: CredentialVerifier<{ token: string }>): Promise<unknown> => {
    try {
      return { resolved: await verifier.verify({ token: 'x' }, context) };
    } catch (error) {
      return error;
    }
  };

  it('takes extra.sub for the subject, and the rest for what it is', async () => {
    expect(await verified(full)).to.deep.equal({
      subject: 'ada',
      token: 'jwt',
      clientId: 'client',
      scopes: ['read'],
      expiresAt: 4_000_000_000,
      claims: { sub: 'ada', role: 'admin' },
    });
  });

  it('takes the presented token where the verifier answers none', async () => {
    expect(await verified({ extra: { sub: 'ada' } })).to.deep.equal({
      subject: 'ada',
      token: 'presented',
      claims: { sub: 'ada' },
    });
  });

  it('asks the verifier as its own, for the token that was presented', async () => {
    class Own {
      readonly seen: string[] = [];
      async verifyAccessToken(token: string): Promise<TokenInfo> {
        this.seen.push(token);
        return full;
      }
    }
    const own = new Own();
    await fromTokenVerifier(own, undefined).verify({ token: 'presented' }, context);
    expect(own.seen).to.deep.equal(['presented']);
  });

  for (const [what, info] of [
    ['a client id alone', { ...full, extra: {} }],
    ['no extra', { token: 'jwt', clientId: 'client' }],
    ['an empty sub', { ...full, extra: { sub: '' } }],
    ['a sub that is no text', { ...full, extra: { sub: 5 } }],
  ] as const) {
    it(`W23 ${what} is nobody`, async () => {
      expect(isPrincipal(await verified(info))).to.equal(false);
      expect(await verified(info)).to.not.equal(null);
    });
  }

  describe('toPrincipal', () => {
    it('says who it is, at once or later', async () => {
      const toPrincipal = ({ clientId = '' }: TokenInfo): Principal => ({ subject: `client:${clientId}` });
      expect(await verified(full, toPrincipal)).to.deep.equal({ subject: 'client:client' });
      expect(await verified(full, async (info) => toPrincipal(info))).to.deep.equal({
        subject: 'client:client',
      });
    });

    it('may say that it is a wrong credential', async () => {
      expect(await verified(full, () => null)).to.equal(null);
      const resource = new URL('https://app.example.com/mcp');
      expect(await verified({ ...full, resource }, async () => null)).to.equal(null);
    });

    it('is not replaced by extra.sub where it says nothing', async () => {
      expect(isPrincipal(await verified(full, () => undefined as never))).to.equal(false);
    });
  });

  describe('the resource', () => {
    const resource = new URL('https://app.example.com/mcp');

    it('is the audience where no claim is', async () => {
      expect(await verified({ ...full, resource })).to.deep.include({
        claims: { sub: 'ada', role: 'admin', aud: resource.href },
      });
      expect(await verified({ ...full, resource }, () => ({ subject: 'x' }))).to.deep.equal({
        subject: 'x',
        claims: { aud: resource.href },
      });
    });

    it('replaces no audience that the token names', async () => {
      const extra = { sub: 'ada', aud: 'another' };
      expect(await verified({ ...full, extra, resource })).to.deep.include({ claims: extra });
    });
  });

  describe('errors (RFC 6750 §3.1)', () => {
    const failing = (error: unknown): CredentialVerifier<{ token: string }> =>
      verifierOf(() => Promise.reject(error));

    it('invalid_token is a wrong credential', async () => {
      const error = Object.assign(new Error('expired'), { errorCode: 'invalid_token' });
      expect(await rejection(failing(error))).to.deep.equal({ resolved: null });
    });

    it('insufficient_scope is a refusal', async () => {
      const error = Object.assign(new Error('x'), { errorCode: 'insufficient_scope' });
      expect(await rejection(failing(error))).to.include({
        name: 'McpGuardError',
        code: 'insufficient_scope',
      });
    });

    for (const error of [
      new Error('invalid_token'),
      Object.assign(new Error('x'), { errorCode: 'server_error' }),
      Object.assign(new Error('x'), { code: 'invalid_token' }),
      null,
      undefined,
      'invalid_token',
    ]) {
      it(`D1 ${String(error)} is an outage`, async () => {
        expect(await rejection(failing(error))).to.equal(error);
      });
    }
  });
});
