import type { KeyObject, webcrypto } from 'node:crypto';
import { types } from 'node:util';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { isRecord } from '../options.js';

/**
 * What signatures are verified with: a public key, a secret (a string stands for its UTF-8 bytes), a JWKS object,
 * or the URL of one.
 */
export type JwtKeys = webcrypto.CryptoKey | KeyObject | Uint8Array | string | JSONWebKeySet | URL;

/** A key, or the way to find one, with the only algorithms (`alg`) it may be used with. */
export interface VerificationKeys {
  readonly algorithms: readonly string[];
  readonly key: webcrypto.CryptoKey | KeyObject | Uint8Array | JWTVerifyGetKey;
}

interface CryptoKeyAlgorithm extends webcrypto.KeyAlgorithm {
  readonly hash?: webcrypto.KeyAlgorithm;
  readonly namedCurve?: string;
  readonly modulusLength?: number;
  readonly length?: number;
}

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const EDDSA = ['EdDSA', 'Ed25519'] as const;
const CURVES: ReadonlyMap<unknown, string> = new Map([
  ['prime256v1', 'ES256'],
  ['P-256', 'ES256'],
  ['secp384r1', 'ES384'],
  ['P-384', 'ES384'],
  ['secp521r1', 'ES512'],
  ['P-521', 'ES512'],
]);
const ASYMMETRIC: readonly string[] = [...RSA, 'ES256', 'ES384', 'ES512', ...EDDSA];
const HASH_BITS: readonly number[] = [256, 384, 512];
const MIN_RSA_BITS = 2048;

const mustBe = (what: string): TypeError => new TypeError(`jwtVerifier: option "keys" must be ${what}`);
const unsupported = (): TypeError =>
  mustBe('RSA of at least 2048 bits, EC on P-256, P-384 or P-521, Ed25519, or HMAC as long as its hash');

/** RFC 7518 §3.2: an HMAC key is at least as long as the hash. */
function hmacAlgorithms(bits: number): readonly string[] {
  const algorithms = HASH_BITS.filter((size) => size <= bits).map((size) => `HS${size}`);
  if (algorithms.length === 0) throw mustBe('a secret of at least 32 bytes');
  return algorithms;
}

function isJsonObject(text: string): boolean {
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
}

function secretKeys(secret: string | Uint8Array): VerificationKeys {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : Uint8Array.from(secret);
  const text = new TextDecoder().decode(bytes);
  if (/^\s*(-----BEGIN |https?:\/\/)/i.test(text) || isJsonObject(text)) {
    // As the bytes of a secret, everybody could sign with these.
    throw mustBe('a KeyObject, a URL object or a parsed JWKS: a PEM, an address or JSON is not a secret');
  }
  return { algorithms: hmacAlgorithms(bytes.length * 8), key: bytes };
}

function keyObjectAlgorithms(key: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  const curve = CURVES.get(namedCurve);
  if (key.type === 'secret') return hmacAlgorithms(Number(key.symmetricKeySize) * 8);
  if (key.type !== 'public') throw mustBe('a public key, not a private one');
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS) return RSA;
  if (key.asymmetricKeyType === 'ec' && curve) return [curve];
  if (key.asymmetricKeyType === 'ed25519') return EDDSA;
  throw unsupported();
}

function cryptoKeyAlgorithms(key: webcrypto.CryptoKey): readonly string[] {
  const { name, hash, namedCurve, modulusLength, length } = key.algorithm as CryptoKeyAlgorithm;
  const hashBits = Number(hash?.name.slice('SHA-'.length));
  const curve = CURVES.get(namedCurve);
  if (key.type === 'private') throw mustBe('a public key, not a private one');
  if (!key.usages.includes('verify')) throw mustBe('a key with the usage "verify"');
  if (name === 'HMAC' && hmacAlgorithms(Number(length)).includes(`HS${hashBits}`)) return [`HS${hashBits}`];
  if (name.startsWith('RSA') && HASH_BITS.includes(hashBits) && Number(modulusLength) >= MIN_RSA_BITS) {
    return [`${name === 'RSA-PSS' ? 'PS' : 'RS'}${hashBits}`];
  }
  if (name === 'ECDSA' && curve) return [curve];
  if (name === 'Ed25519') return EDDSA;
  throw unsupported();
}

const isPublicJwk = (jwk: unknown): boolean =>
  isRecord(jwk) && typeof jwk.kty === 'string' && jwk.kty !== 'oct' && !('d' in jwk || 'priv' in jwk);

function localKeys(jwks: JSONWebKeySet): VerificationKeys {
  if (jwks.keys.length === 0 || !jwks.keys.every(isPublicJwk)) throw mustBe('a JWKS of public keys');
  return { algorithms: ASYMMETRIC, key: createLocalJWKSet(jwks) };
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

/** RFC 8414 §2: a JWKS comes over https, else whoever is on the way is the issuer. */
function remoteKeys(url: URL): VerificationKeys {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw mustBe('an https URL (http on a loopback address only)');
  }
  if (url.username || url.password) throw mustBe('a URL without credentials');
  return { algorithms: ASYMMETRIC, key: createRemoteJWKSet(url) };
}

const isJwks = (keys: unknown): keys is JSONWebKeySet => isRecord(keys) && Array.isArray(keys.keys);

/** Whether `keys` is of one of the kinds that `verificationKeys` takes. */
export function isJwtKeys(keys: unknown): keys is JwtKeys {
  const isSecret = (typeof keys === 'string' && keys !== '') || keys instanceof Uint8Array;
  return (
    isSecret || types.isKeyObject(keys) || types.isCryptoKey(keys) || keys instanceof URL || isJwks(keys)
  );
}

/**
 * Pins the algorithms to the kind of key, so that no public key ever serves as an HMAC secret (RFC 8725 §3.1).
 * Throws `TypeError` for a key that is too weak, private, or of no use.
 */
export function verificationKeys(keys: JwtKeys): VerificationKeys {
  if (typeof keys === 'string' || keys instanceof Uint8Array) return secretKeys(keys);
  if (keys instanceof URL) return remoteKeys(keys);
  if (types.isKeyObject(keys)) return { algorithms: keyObjectAlgorithms(keys), key: keys };
  if (types.isCryptoKey(keys)) return { algorithms: cryptoKeyAlgorithms(keys), key: keys };
  return localKeys(keys as JSONWebKeySet);
}
