import { inspect } from 'node:util';
import { expect } from 'chai';
import { type JwtVerifierOptions, jwtVerifier } from '../../lib/jwt/index.js';
import {
  AUDIENCE,
  CLAIMS,
  context,
  ISSUER,
  NOW,
  rejection,
  SECRET,
  stopClock,
  token,
  verify,
} from './tokens.js';

const OPTIONS: JwtVerifierOptions = { issuer: ISSUER, audience: AUDIENCE, keys: SECRET, tokenType: 'at+jwt' };

describe('jwtVerifier', () => {
  let clock: ReturnType<typeof stopClock>;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => clock.restore());

  describe('options', () => {
    const create = (changes: object) => () => jwtVerifier({ ...OPTIONS, ...changes } as JwtVerifierOptions);

    for (const name of ['issuer', 'audience', 'keys', 'tokenType']) {
      it(`demands "${name}"`, () => {
        expect(create({ [name]: undefined })).to.throw(TypeError, `jwtVerifier: option "${name}"`);
      });
    }

    const wrong: readonly (readonly [string, unknown])[] = [
      ['issuer', ''],
      ['issuer', [ISSUER]],
      ['audience', ''],
      ['audience', []],
      ['audience', [AUDIENCE, '']],
      ['tokenType', ''],
      ['tokenType', 'JWT'],
      ['tokenType', 5],
      ['tokenType', 'application/jwt'],
      ['toPrincipal', {}],
      ['isActive', true],
      ['clockToleranceSeconds', Number.NaN],
      ['clockToleranceSeconds', -1],
      ['clockToleranceSeconds', 301],
      ['clockToleranceSeconds', '5'],
    ];
    for (const [name, value] of wrong) {
      it(`refuses ${inspect(value)} as "${name}"`, () => {
        expect(create({ [name]: value })).to.throw(TypeError, `jwtVerifier: option "${name}"`);
      });
    }

    it('refuses an unknown option', () => {
      expect(create({ algorithms: ['none'] })).to.throw(
        TypeError,
        'jwtVerifier: unknown option "algorithms"',
      );
    });

    it('is not changed by what happens to the options later', async () => {
      const audience = [AUDIENCE];
      const verifier = jwtVerifier({ ...OPTIONS, audience });
      audience[0] = 'https://elsewhere.example.com/';
      expect(await verifier.verify({ token: token() }, context())).to.include({ subject: 'u-1' });
    });
  });

  describe('the principal', () => {
    it('is what the claims say', async () => {
      const presented = token({ client_id: 'app', azp: 'other', scope: 'read  write' });
      expect(await verify(presented)).to.deep.equal({
        subject: 'u-1',
        issuer: ISSUER,
        clientId: 'app',
        scopes: ['read', 'write'],
        expiresAt: NOW + 600,
        token: presented,
        claims: { ...CLAIMS, client_id: 'app', azp: 'other', scope: 'read  write' },
      });
    });

    it('has neither client nor scopes where the claims name none', async () => {
      expect(await verify(token())).to.have.all.keys('subject', 'issuer', 'expiresAt', 'token', 'claims');
    });

    it('takes the client from azp, and the scopes from scp', async () => {
      expect(await verify(token({ azp: 'app', scp: 'a b' }))).to.deep.include({
        clientId: 'app',
        scopes: ['a', 'b'],
      });
      expect(await verify(token({ scp: ['a', 'b', 7] }))).to.deep.include({ scopes: ['a', 'b'] });
    });

    it('takes no scope from a claim that is neither text nor an array', async () => {
      expect(await verify(token({ scope: { admin: true } }))).not.to.have.property('scopes');
    });
  });

  describe('toPrincipal', () => {
    it('builds the principal from the accepted claims and the token', async () => {
      const presented = token({ tid: 't-9' });
      const principal = await verify(presented, {
        toPrincipal: (claims, received) => ({
          subject: claims.sub,
          tenant: String(claims.tid),
          claims: { same: received === presented },
        }),
      });
      expect(principal).to.deep.equal({
        subject: 'u-1',
        tenant: 't-9',
        claims: { same: true },
        expiresAt: NOW + 600,
      });
    });

    it('can shorten the life of the token but never lengthen it', async () => {
      const lifetimes = [NOW + 5, NOW + 9_999, Number.POSITIVE_INFINITY, Number.NaN];
      const limited = await Promise.all(
        lifetimes.map((expiresAt) => verify(token(), { toPrincipal: () => ({ subject: 'u', expiresAt }) })),
      );
      expect(limited.map((principal) => principal?.expiresAt)).to.deep.equal([
        NOW + 5,
        NOW + 600,
        NOW + 600,
        NOW + 600,
      ]);
    });

    it('refuses the token with null', async () => {
      expect(await verify(token(), { toPrincipal: async () => null })).to.equal(null);
    });

    it('makes an outage of what it throws', async () => {
      const down = new Error('directory down');
      const error = await rejection(
        verify(token(), {
          toPrincipal: () => {
            throw down;
          },
        }),
      );
      expect(error).to.equal(down);
    });

    it('is a programming error where it answers something else', async () => {
      for (const answer of [undefined, false, 'u-1', []]) {
        expect(await rejection(verify(token(), { toPrincipal: () => answer as never }))).to.be.instanceOf(
          TypeError,
        );
      }
    });

    it('is asked about no token that is refused or has expired', async () => {
      let asked = 0;
      const toPrincipal = () => {
        asked += 1;
        return { subject: 'u' };
      };
      expect(await verify(token({ aud: 'x' }), { toPrincipal })).to.equal(null);
      expect(await verify(token({ exp: NOW }), { toPrincipal })).to.include({
        subject: 'u-1',
        expiresAt: NOW,
      });
      expect(asked).to.equal(0);
    });
  });

  describe('time', () => {
    it('answers an expired token of the right kind with a principal of the past', async () => {
      for (const exp of [NOW, NOW - 1, NOW - 86_400]) {
        expect(await verify(token({ exp }))).to.include({ subject: 'u-1', expiresAt: exp });
      }
    });

    it('answers an expired token that is wrong in another way with null', async () => {
      const exp = NOW - 1;
      const wrong = [{ aud: 'x' }, { iss: 'x' }, { sub: undefined }, { nbf: NOW + 9 }, { type: 'refresh' }];
      for (const claims of wrong) expect(await verify(token({ exp, ...claims }))).to.equal(null);
      expect(await verify(token({ exp }, { typ: 'rt+jwt' }))).to.equal(null);
      expect(await verify(`${token({ exp }).slice(0, -8)}AAAAAAAA`)).to.equal(null);
    });

    it('refuses a token that is not valid yet', async () => {
      expect(await verify(token({ nbf: NOW + 1 }))).to.equal(null);
      expect(await verify(token({ nbf: NOW }))).to.include({ subject: 'u-1' });
    });

    it('tolerates a clock that is off, and lets the principal live as long', async () => {
      const options = { clockToleranceSeconds: 30 };
      expect(await verify(token({ exp: NOW - 29 }), options)).to.include({ expiresAt: NOW + 1 });
      expect(await verify(token({ exp: NOW - 30 }), options)).to.include({ expiresAt: NOW });
      expect(await verify(token({ nbf: NOW + 30 }), options)).to.include({ subject: 'u-1' });
      expect(await verify(token({ nbf: NOW + 31 }), options)).to.equal(null);
    });

    it('tolerates from none to five minutes', async () => {
      for (const clockToleranceSeconds of [0, 300]) {
        const principal = await verify(token(), { clockToleranceSeconds });
        expect(principal).to.include({ expiresAt: NOW + 600 + clockToleranceSeconds });
      }
    });

    it('hands toPrincipal a token that has expired within the tolerance', async () => {
      const toPrincipal = () => ({ subject: 'mine' });
      expect(await verify(token({ exp: NOW - 1 }), { clockToleranceSeconds: 5, toPrincipal })).to.deep.equal({
        subject: 'mine',
        expiresAt: NOW + 4,
      });
    });
  });

  describe('the type', () => {
    const accepted: readonly (readonly [string, object, object])[] = [
      ['at+jwt', { typ: 'AT+JWT' }, {}],
      ['at+jwt', { typ: 'application/at+jwt' }, {}],
      ['application/at+jwt', { typ: 'at+jwt' }, {}],
      ['at+jwt', { typ: 'at+jwt' }, { typ: 'Bearer' }],
      ['access', { typ: 'JWT' }, { type: 'access' }],
      ['access', { typ: undefined }, { token_type: 'access' }],
      ['access', { typ: undefined }, { typ: 'Access', token_type: 'Bearer' }],
      ['Bearer', { typ: 'JWT' }, { typ: 'Bearer' }],
    ];
    for (const [tokenType, header, claims] of accepted) {
      it(`accepts ${inspect(header)} ${inspect(claims)} as ${tokenType}`, async () => {
        expect(await verify(token(claims, header), { tokenType })).to.include({ subject: 'u-1' });
      });
    }

    const refused: readonly (readonly [string, object, object])[] = [
      ['at+jwt', { typ: 'JWT' }, {}],
      ['at+jwt', { typ: undefined }, {}],
      ['at+jwt', { typ: 'at' }, {}],
      ['at+jwt', { typ: 'logout+jwt' }, {}],
      ['at+jwt', { typ: 'x-application/at+jwt' }, {}],
      ['x-application/at+jwt', { typ: 'x-at+jwt' }, {}],
      ['at+jwt', { typ: 'at+jwt' }, { type: 'refresh' }],
      ['at+jwt', { typ: 'at+jwt' }, { token_type: 'exchange' }],
      ['at+jwt', { typ: 'at+jwt' }, { typ: 'ID' }],
      ['at+jwt', { typ: 'at+jwt' }, { type: null }],
      ['at+jwt', { typ: 'at+jwt' }, { type: ['at+jwt'] }],
      ['access', { typ: 'rt+jwt' }, { type: 'access' }],
      ['access', { typ: 'JWT' }, { type: 'access', token_type: 'refresh' }],
      ['access', { typ: 'JWT' }, { token_type: 'Bearer' }],
      ['access', { typ: 'JWT' }, { type: 'attachment' }],
      ['Bearer', { typ: 'JWT' }, { typ: 'Refresh' }],
      ['access', { typ: 7 }, { type: 'access' }],
    ];
    for (const [tokenType, header, claims] of refused) {
      it(`refuses ${inspect(header)} ${inspect(claims)} as ${tokenType}`, async () => {
        expect(await verify(token(claims, header), { tokenType })).to.equal(null);
      });
    }
  });

  it('accepts any of several audiences, on either side', async () => {
    const audience = ['https://a.example.com/', 'https://b.example.com/'];
    expect(await verify(token({ aud: 'https://b.example.com/' }), { audience })).to.include({
      subject: 'u-1',
    });
    expect(await verify(token({ aud: ['x', 'https://a.example.com/'] }), { audience })).to.include({
      subject: 'u-1',
    });
    expect(await verify(token({ aud: ['x', 'y'] }), { audience })).to.equal(null);
  });

  it('hands isActive on, and has none of its own', () => {
    const isActive = () => true;
    expect(jwtVerifier({ ...OPTIONS, isActive }).isActive).to.equal(isActive);
    expect(jwtVerifier(OPTIONS)).to.have.all.keys('verify');
  });

  it('can be taken apart: verify needs no this', async () => {
    const { verify: alone } = { ...jwtVerifier(OPTIONS) };
    expect(await alone({ token: token() }, context())).to.include({ subject: 'u-1' });
  });

  it('stops where the request is over', async () => {
    const reason = new Error('gone');
    const pending = jwtVerifier(OPTIONS).verify({ token: token() }, context(AbortSignal.abort(reason)));
    expect(await rejection(Promise.resolve(pending))).to.equal(reason);
  });

  it('asks toPrincipal no more once the request is over', async () => {
    const request = new AbortController();
    let asked = false;
    const verifier = jwtVerifier({
      ...OPTIONS,
      toPrincipal: () => {
        asked = true;
        return null;
      },
    });
    const pending = Promise.resolve(verifier.verify({ token: token() }, context(request.signal)));
    request.abort();
    await rejection(pending);
    expect(asked).to.equal(false);
  });

  it('shows no secret', () => {
    expect(inspect(jwtVerifier(OPTIONS), { depth: 9, showHidden: true })).not.to.contain(SECRET);
  });
});
