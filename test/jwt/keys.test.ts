import { constants, createSecretKey, generateKeyPairSync, sign, webcrypto } from 'node:crypto';
import { expect } from 'chai';
import { type JwtKeys, type JwtVerifierOptions, jwtVerifier } from '../../lib/jwt/index.js';
import {
  AUDIENCE,
  ecdsa,
  ecPair,
  ed25519Pair,
  eddsa,
  hmac,
  ISSUER,
  rsa,
  rsaPair,
  SECRET,
  stopClock,
  toJwk,
  token,
  verify,
} from './tokens.js';

const create = (keys: unknown) => () =>
  jwtVerifier({ issuer: ISSUER, audience: AUDIENCE, tokenType: 'at+jwt', keys } as JwtVerifierOptions);
const refuses = (keys: unknown, text: string): void => {
  try {
    create(keys)();
  } catch (error) {
    expect(error).to.be.instanceOf(TypeError);
    expect((error as Error).message)
      .to.include('jwtVerifier: option "keys" must be ')
      .and.include(text);
    return;
  }
  throw new Error('expected a refusal');
};
/** What is said of a key that is none of the kinds. */
const KINDS = 'a public key, a secret, a JWKS object or a URL object';
const SHORT = 'a secret of at least 32 bytes';
const UNSUPPORTED = 'RSA of at least 2048 bits, EC on P-256';

describe('jwtVerifier keys', () => {
  const rsaKeys = rsaPair();
  const ecKeys = ecPair();
  const edKeys = ed25519Pair();
  let clock: ReturnType<typeof stopClock>;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => clock.restore());

  const proves = async (keys: JwtKeys, presented: string) =>
    expect(await verify(presented, { keys })).to.include({ subject: 'u-1' });
  const rejects = async (keys: JwtKeys, presented: string) =>
    expect(await verify(presented, { keys })).to.equal(null);

  const importKey = (
    pair: typeof rsaKeys,
    algorithm: webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams,
  ) =>
    webcrypto.subtle.importKey('jwk', toJwk(pair.publicKey) as webcrypto.JsonWebKey, algorithm, true, [
      'verify',
    ]);

  it('takes a secret as text, as bytes, as a KeyObject and as a CryptoKey', async () => {
    const bytes = Buffer.from(SECRET);
    const hash = { name: 'HMAC', hash: 'SHA-256' };
    const cryptoKey = await webcrypto.subtle.importKey('raw', bytes, hash, false, ['verify']);
    for (const keys of [SECRET, new Uint8Array(bytes), createSecretKey(bytes), cryptoKey]) {
      await proves(keys, token());
      await rejects(keys, token({}, {}, hmac('another secret of thirty-two bytes or more')));
    }
  });

  it('keeps its own copy of a secret', async () => {
    const bytes = new Uint8Array(Buffer.from(SECRET));
    const verifier = create(bytes)();
    bytes.fill(0);
    const { signal } = new AbortController();
    expect(await verifier.verify({ token: token() }, { signal } as never)).to.include({ subject: 'u-1' });
  });

  it('uses a secret only with a hash that is no longer than it (RFC 7518 §3.2)', async () => {
    const signed = (secret: string, bits: number) => token({}, { alg: `HS${bits}` }, hmac(secret, bits));
    const lengths = [32, 48, 64];
    for (const length of lengths) {
      const secret = 's'.repeat(length);
      for (const bits of [256, 384, 512]) {
        await (bits / 8 <= length ? proves : rejects)(secret, signed(secret, bits));
      }
    }
  });

  it('refuses a short secret', async () => {
    refuses('s'.repeat(31), SHORT);
    refuses('', KINDS);
    refuses(new Uint8Array(31), SHORT);
    refuses(createSecretKey(Buffer.alloc(31)), SHORT);
    const hash = { name: 'HMAC', hash: 'SHA-512' };
    refuses(await webcrypto.subtle.importKey('raw', Buffer.alloc(32), hash, false, ['verify']), UNSUPPORTED);
  });

  it('counts bytes, not characters', () => {
    expect(create('é'.repeat(16))).not.to.throw();
  });

  it('takes no public text for a secret', () => {
    const pem = rsaKeys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const publicTexts = [
      pem,
      `\n${pem}`,
      'https://id.example.com/.well-known/jwks.json',
      'http://id.example.com/.well-known/jwks.json',
      JSON.stringify({ keys: [toJwk(rsaKeys.publicKey)] }),
    ];
    for (const text of publicTexts) {
      refuses(text, 'is not a secret');
      refuses(new Uint8Array(Buffer.from(text)), 'is not a secret');
    }
  });

  it('takes a secret that only has such a text in it', () => {
    for (const text of ['-----BEGIN a', 'https://id.example.com/']) {
      expect(create(`a secret of some length, and ${text}`)).not.to.throw();
    }
  });

  const HASHES = [256, 384, 512];
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const pss = (bits: number) => (input: string) =>
    sign(`sha${bits}`, Buffer.from(input), { key: rsaKeys.privateKey, ...padding });

  it('uses RSA and Ed25519 with each of their algorithms, by the key and by a JWKS', async () => {
    const presented = [
      ...HASHES.map((bits) => [rsaKeys, token({}, { alg: `RS${bits}` }, rsa(rsaKeys, bits))] as const),
      ...HASHES.map((bits) => [rsaKeys, token({}, { alg: `PS${bits}` }, pss(bits))] as const),
      ...['EdDSA', 'Ed25519'].map((alg) => [edKeys, token({}, { alg }, eddsa(edKeys))] as const),
    ];
    for (const [{ publicKey }, signed] of presented) {
      await proves(publicKey, signed);
      await proves({ keys: [toJwk(publicKey)] }, signed);
    }
  });

  for (const [namedCurve, alg, bits] of [
    ['P-256', 'ES256', 256],
    ['P-384', 'ES384', 384],
    ['P-521', 'ES512', 512],
  ] as const) {
    it(`uses EC on ${namedCurve} with ${alg} alone, as a KeyObject, a CryptoKey and by a JWKS`, async () => {
      const pair = ecPair(namedCurve);
      const signed = token({}, { alg }, ecdsa(pair, bits));
      const other = token({}, { alg: alg === 'ES256' ? 'ES384' : 'ES256' }, ecdsa(pair, bits));
      const jwks = { keys: [toJwk(pair.publicKey)] };
      const cryptoKey = await importKey(pair, { name: 'ECDSA', namedCurve });
      for (const keys of [pair.publicKey, cryptoKey, jwks]) {
        await proves(keys, signed);
        await rejects(keys, other);
      }
    });
  }

  it('takes public keys as KeyObject, CryptoKey and JWKS', async () => {
    const rs256 = token({}, { alg: 'RS256' }, rsa(rsaKeys));
    const es256 = token({}, { alg: 'ES256' }, ecdsa(ecKeys));
    const eddsaToken = token({}, { alg: 'EdDSA' }, eddsa(edKeys));
    await proves(rsaKeys.publicKey, rs256);
    await proves(ecKeys.publicKey, es256);
    await proves(edKeys.publicKey, eddsaToken);
    await proves(await importKey(rsaKeys, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }), rs256);
    await proves(await importKey(ecKeys, { name: 'ECDSA', namedCurve: 'P-256' }), es256);
    const keys = [rsaKeys, ecKeys, edKeys].map(({ publicKey }) => toJwk(publicKey));
    for (const presented of [rs256, es256, eddsaToken]) await proves({ keys }, presented);
  });

  it('takes CryptoKeys of RSA-PSS and Ed25519', async () => {
    const ps256 = token({}, { alg: 'PS256' }, pss(256));
    await proves(await importKey(rsaKeys, { name: 'RSA-PSS', hash: 'SHA-256' }), ps256);
    await rejects(await importKey(rsaKeys, { name: 'RSA-PSS', hash: 'SHA-512' }), ps256);
    await rejects(await importKey(rsaKeys, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }), ps256);
    const ed25519 = await webcrypto.subtle.importKey(
      'jwk',
      toJwk(edKeys.publicKey) as webcrypto.JsonWebKey,
      { name: 'Ed25519' },
      true,
      ['verify'],
    );
    await proves(ed25519, token({}, { alg: 'EdDSA' }, eddsa(edKeys)));
    await rejects(ed25519, ps256);
  });

  it('pins a CryptoKey to the algorithm it was imported for', async () => {
    const key = await importKey(rsaKeys, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' });
    await rejects(key, token({}, { alg: 'RS512' }, rsa(rsaKeys, 512)));
    await proves(rsaKeys.publicKey, token({}, { alg: 'RS512' }, rsa(rsaKeys, 512)));
  });

  it('refuses, and calls no outage, an algorithm of another family than the key', async () => {
    for (const alg of ['HS256', 'RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'RS1', 'ML-DSA-44', 'A128KW']) {
      const presented = token({}, { alg }, hmac('x'));
      for (const { publicKey } of [rsaKeys, ecKeys, edKeys]) await rejects(publicKey, presented);
      await rejects(SECRET, presented);
      await rejects({ keys: [toJwk(rsaKeys.publicKey)] }, presented);
    }
  });

  it('refuses keys that are weak, private or of no use', async () => {
    const short = rsaPair(1024);
    refuses(short.publicKey, UNSUPPORTED);
    for (const name of ['RSASSA-PKCS1-v1_5', 'RSA-PSS']) {
      refuses(await importKey(short, { name, hash: 'SHA-256' }), UNSUPPORTED);
    }
    refuses(rsaKeys.privateKey, 'not a private one');
    refuses(generateKeyPairSync('ed448').publicKey, UNSUPPORTED);
    refuses(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, UNSUPPORTED);
    refuses(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, UNSUPPORTED);
    refuses(await importKey(rsaKeys, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }), UNSUPPORTED);
    const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' };
    const jwk = toJwk(rsaKeys.publicKey) as webcrypto.JsonWebKey;
    refuses(await webcrypto.subtle.importKey('jwk', jwk, oaep, true, ['encrypt']), 'usage "verify"');
    const { privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
    ]);
    refuses(privateKey, 'not a private one');
  });

  it('refuses a JWKS that is empty, private, symmetric or none at all', () => {
    for (const keys of [
      [],
      [null],
      [{}],
      [toJwk(rsaKeys.publicKey), toJwk(rsaKeys.privateKey)],
      [{ kty: 'oct', k: 'c2VjcmV0' }],
      [{ kty: 'AKP', alg: 'ML-DSA-44', pub: 'cHVi', priv: 'cHJpdg' }],
    ]) {
      refuses({ keys }, 'a JWKS of public keys');
    }
    refuses(toJwk(rsaKeys.publicKey), KINDS);
    refuses([rsaKeys.publicKey], KINDS);
    refuses(async () => rsaKeys.publicKey, KINDS);
  });

  it('takes a JWKS only over https, or http on a loopback address', () => {
    const accepted = [
      'https://id.example.com/jwks',
      'http://127.0.0.1:1/jwks',
      'http://127.10.200.30/jwks',
      'http://[::1]:1/',
      'http://localhost/',
    ];
    for (const url of accepted) expect(create(new URL(url))).not.to.throw();
    for (const url of [
      'http://id.example.com/jwks',
      'http://localhost.evil.com/',
      'http://127.0.0.1.nip.io/',
      'http://128.0.0.1/',
      'ftp://localhost/jwks',
      'file:///etc/jwks.json',
      'data:application/json,{}',
    ]) {
      refuses(new URL(url), 'an https URL');
    }
    for (const who of ['user:password', 'user', ':password']) {
      refuses(new URL(`https://${who}@id.example.com/jwks`), 'a URL without credentials');
    }
  });
});
