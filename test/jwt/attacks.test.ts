import { webcrypto } from 'node:crypto';
import { expect } from 'chai';
import type { JwtKeys } from '../../lib/jwt/index.js';
import {
  CLAIMS,
  ecdsa,
  ecPair,
  forge,
  HEADER,
  hmac,
  ISSUER,
  NOW,
  rsa,
  rsaPair,
  SECRET,
  stopClock,
  toJwk,
  token,
  verify,
} from './tokens.js';

describe('F10 JWT attacks', () => {
  const mine = rsaPair();
  const theirs = rsaPair();
  let clock: ReturnType<typeof stopClock>;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => clock.restore());

  const rejects = async (presented: string, keys: JwtKeys = SECRET) =>
    expect(await verify(presented, { keys })).to.equal(null);
  const proves = async (presented: string, keys: JwtKeys = SECRET) =>
    expect(await verify(presented, { keys })).to.include({ subject: 'u-1' });

  it('F10 alg none, in any spelling, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', undefined, null, 0, ['none'], ['HS256']]) {
      for (const signature of [() => Buffer.alloc(0), () => Buffer.from([0]), hmac(SECRET)]) {
        await rejects(token({}, { alg }, signature));
        await rejects(token({}, { alg }, signature), mine.publicKey);
        await rejects(token({}, { alg }, signature), { keys: [toJwk(mine.publicKey)] });
      }
    }
  });

  it('F10 HS/RS confusion: the public key as HMAC secret', async () => {
    const pem = mine.publicKey.export({ type: 'spki', format: 'pem' });
    const der = mine.publicKey.export({ type: 'spki', format: 'der' });
    const modulus = toJwk(mine.publicKey).n ?? '';
    const jwk = toJwk(mine.publicKey, { kid: 'k' });
    const cryptoKey = await webcrypto.subtle.importKey(
      'jwk',
      jwk as webcrypto.JsonWebKey,
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
      true,
      ['verify'],
    );
    for (const secret of [pem, String(pem).trim(), der, modulus, JSON.stringify(jwk)]) {
      for (const bits of [256, 384, 512]) {
        const presented = token({}, { alg: `HS${bits}`, kid: 'k' }, hmac(secret, bits));
        for (const keys of [mine.publicKey, cryptoKey, { keys: [jwk] }]) await rejects(presented, keys);
      }
    }
  });

  it('F10 a key that the token brings itself', async () => {
    const jwk = toJwk(theirs.publicKey, { kid: 'theirs' });
    const headers = [
      { jwk },
      { jwk, kid: 'theirs' },
      { jku: 'http://127.0.0.1:1/' },
      { x5u: 'http://127.0.0.1:1/' },
    ];
    for (const header of headers) {
      const presented = token({}, { alg: 'RS256', ...header }, rsa(theirs));
      await rejects(presented, mine.publicKey);
      await rejects(presented, { keys: [toJwk(mine.publicKey, { kid: 'mine' })] });
    }
  });

  it('F10 wrong iss', async () => {
    const wrong = [
      undefined,
      null,
      '',
      'https://id.example.com',
      `${ISSUER}x`,
      ISSUER.toUpperCase(),
      [ISSUER],
      {},
    ];
    for (const iss of wrong) await rejects(token({ iss }));
    await proves(token({ iss: ISSUER }));
  });

  it('F10 wrong aud', async () => {
    const wrong = [
      undefined,
      null,
      '',
      'https://app.example.com',
      [],
      [''],
      [['https://app.example.com/mcp']],
      {},
      7,
    ];
    for (const aud of wrong) await rejects(token({ aud }));
    await rejects(token({ aud: 'https://app.example.com/mcp/admin' }));
    await proves(token({ aud: ['https://other.example.com/', CLAIMS.aud] }));
  });

  it('F10 W23 missing or unusable sub, exp, nbf and iat', async () => {
    for (const sub of [undefined, null, '', 7, ['u-1'], { id: 'u-1' }]) await rejects(token({ sub }));
    for (const exp of [undefined, null, '', String(NOW + 600), [NOW + 600], true])
      await rejects(token({ exp }));
    for (const nbf of [null, '', String(NOW), [NOW]]) await rejects(token({ nbf }));
    for (const iat of [null, String(NOW)]) await rejects(token({ iat }));
    // RFC 7519 §4.1.6: it may be left out.
    await proves(token({ iat: undefined }));
    const infinite = JSON.stringify(CLAIMS).replace(String(CLAIMS.exp), '1e999');
    const input = [JSON.stringify(HEADER), infinite]
      .map((text) => Buffer.from(text).toString('base64url'))
      .join('.');
    await rejects(`${input}.${hmac(SECRET)(input).toString('base64url')}`);
  });

  it('F10 a payload that is no JSON object', async () => {
    const payloads = [null, [], 'text', 7, [CLAIMS]];
    for (const payload of payloads) await rejects(forge(HEADER, payload, hmac(SECRET)));
    const raw = (bytes: Buffer) => {
      const input = `${Buffer.from(JSON.stringify(HEADER)).toString('base64url')}.${bytes.toString('base64url')}`;
      return `${input}.${hmac(SECRET)(input).toString('base64url')}`;
    };
    const latin1 = Buffer.from(JSON.stringify({ ...CLAIMS, name: 'é' }), 'latin1');
    await rejects(raw(latin1));
    await rejects(raw(Buffer.from('{"iss":')));
    await proves(raw(Buffer.from(JSON.stringify({ ...CLAIMS, name: 'é' }))));
  });

  it('F10 a payload that says __proto__ pollutes nothing and lends no claim', async () => {
    const { sub: _, ...rest } = CLAIMS;
    const text = `${JSON.stringify(rest).slice(0, -1)},"__proto__":{"sub":"admin","polluted":1}}`;
    const input = [JSON.stringify(HEADER), text]
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    await rejects(`${input}.${hmac(SECRET)(input).toString('base64url')}`);
    expect({}).not.to.have.property('polluted');
  });

  it('F10 extensions that must be understood, b64 among them', async () => {
    const headers = [
      { crit: ['exp'], exp: NOW + 600 },
      { crit: ['b64'], b64: true },
      { crit: ['b64'], b64: false },
      { crit: [] },
      { crit: null },
      { crit: 'b64', b64: false },
    ];
    for (const header of headers) {
      await rejects(token({}, header));
      await rejects(token({}, { ...header, alg: 'RS256' }, rsa(mine)), mine.publicKey);
    }
    const header = Buffer.from(JSON.stringify({ ...HEADER, crit: ['b64'], b64: false })).toString(
      'base64url',
    );
    const unencoded = `${header}.${JSON.stringify(CLAIMS)}`;
    await rejects(`${unencoded}.${hmac(SECRET)(unencoded).toString('base64url')}`);
  });

  it('F10 kid confusion in a JWKS with several keys', async () => {
    const other = rsaPair();
    const keys = { keys: [toJwk(mine.publicKey, { kid: 'a' }), toJwk(other.publicKey, { kid: 'b' })] };
    const signed = (kid: unknown, pair = mine) => token({}, { alg: 'RS256', kid }, rsa(pair));
    await proves(signed('a'), keys);
    await proves(signed('b', other), keys);
    await rejects(signed('b'), keys);
    await rejects(signed('a', other), keys);
    for (const kid of ['c', '', 7, null, ['a'], '__proto__', '../a', 'a\u0000'])
      await rejects(signed(kid), keys);
    await rejects(signed('a', theirs), keys);
  });

  it('F10 without kid, any key of the set may have signed, and no other', async () => {
    const other = rsaPair();
    const keys = { keys: [toJwk(mine.publicKey, { kid: 'a' }), toJwk(other.publicKey, { kid: 'b' })] };
    await proves(token({}, { alg: 'RS256' }, rsa(mine)), keys);
    await proves(token({}, { alg: 'RS256' }, rsa(other)), keys);
    await rejects(token({}, { alg: 'RS256' }, rsa(theirs)), keys);
    const ec = ecPair();
    await rejects(token({}, { alg: 'ES256' }, ecdsa(ec)), keys);
  });

  it('F10 a key of the set that is meant for something else', async () => {
    const signed = token({}, { alg: 'RS256', kid: 'a' }, rsa(mine));
    const elsewhere = [{ use: 'enc' }, { key_ops: ['encrypt'] }, { alg: 'RS512' }, { alg: 'RSA-OAEP' }];
    for (const members of elsewhere)
      await rejects(signed, { keys: [toJwk(mine.publicKey, { kid: 'a', ...members })] });
    await proves(signed, { keys: [toJwk(mine.publicKey, { kid: 'a', use: 'sig', alg: 'RS256' })] });
  });

  it('F10 things that are no compact JWS', async () => {
    const genuine = token();
    const [header = '', payload = '', signature = ''] = genuine.split('.');
    const broken = [
      '',
      '.',
      '..',
      'a.b.c',
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${genuine}.x`,
      `${genuine}.x.y`,
      ` ${genuine}`,
      `${genuine}\n`,
      `${genuine}=`,
      `${header}.${payload}.${signature.slice(0, -1)}`,
      `${header}.${payload}.${signature}A`,
      `${header.toLowerCase()}.${payload}.${signature}`,
    ];
    for (const text of broken) await rejects(text);
    await proves(genuine);
  });

  it('F10 a blank before the token, although the signature covers it', async () => {
    for (const blank of ['', ' ', '\n', '\t']) {
      const input = blank + token().split('.').slice(0, 2).join('.');
      const signed = `${input}.${hmac(SECRET)(input).toString('base64url')}`;
      await (blank === '' ? proves : rejects)(signed);
    }
  });

  it('F10 a kid that is no text', async () => {
    for (const kid of [5, null, ['a'], {}, true]) await rejects(token({}, { kid }));
    await proves(token({}, { kid: 'a' }));
  });

  it('F10 a changed byte anywhere', async () => {
    const genuine = token({}, { alg: 'RS256' }, rsa(mine));
    for (const at of [3, genuine.indexOf('.') + 3, genuine.lastIndexOf('.') + 3]) {
      const changed = genuine[at] === 'A' ? 'B' : 'A';
      await rejects(`${genuine.slice(0, at)}${changed}${genuine.slice(at + 1)}`, mine.publicKey);
    }
  });

  it('F10 a token above 16 KB, even a genuine one, without any cryptography', async () => {
    const { verify: original } = globalThis.crypto.subtle;
    let verifications = 0;
    globalThis.crypto.subtle.verify = function counted(...args) {
      verifications += 1;
      return original.apply(this, args);
    };
    try {
      /** As base64url has no text of one more than a multiple of four, the header makes up for that. */
      const sized = (length: number) => {
        for (const x of ['', 'x', 'xx', 'xxx']) {
          const pad = Math.floor(((length - token({ pad: '' }, { x }).length) * 3) / 4);
          for (const more of [0, 1, 2]) {
            const presented = token({ pad: 'p'.repeat(pad + more) }, { x });
            if (presented.length === length) return presented;
          }
        }
        throw new Error(`no token of ${length}`);
      };
      const largest = sized(16_384);
      await proves(largest);
      expect(verifications).to.equal(1);
      for (const length of [16_385, 102_400, 10_000_000]) await rejects(sized(length));
      await rejects('.'.repeat(1_000_000));
      expect(verifications).to.equal(1);
    } finally {
      globalThis.crypto.subtle.verify = original;
    }
  });
});
