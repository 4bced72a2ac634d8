import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JWK } from 'jose';
import { type JwtVerifierOptions, jwtVerifier } from '../../lib/jwt/index.js';
import type { Principal, VerifyContext } from '../../lib/types.js';

export const ISSUER = 'https://id.example.com/';
export const AUDIENCE = 'https://app.example.com/mcp';
export const SECRET = 'a-secret-of-sixty-four-bytes-that-suits-HS256-HS384-and-HS512-!!';
/** What `Date.now` says while a test runs, in seconds. */
export const NOW = 1_800_000_000;

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const rsaPair = (modulusLength = 2048): KeyPair => generateKeyPairSync('rsa', { modulusLength });
export const ecPair = (namedCurve = 'P-256'): KeyPair => generateKeyPairSync('ec', { namedCurve });
export const ed25519Pair = (): KeyPair => generateKeyPairSync('ed25519');

export const toJwk = (key: KeyObject, members: JWK = {}): JWK =>
  ({ ...key.export({ format: 'jwk' }), ...members }) as JWK;

type Sign = (signingInput: string) => Buffer;

export const hmac =
  (secret: string | Buffer, bits = 256): Sign =>
  (input) =>
    createHmac(`sha${bits}`, secret).update(input).digest();
export const rsa =
  ({ privateKey }: KeyPair, bits = 256): Sign =>
  (input) =>
    sign(`sha${bits}`, Buffer.from(input), privateKey);
export const ecdsa =
  ({ privateKey }: KeyPair, bits = 256): Sign =>
  (input) =>
    sign(`sha${bits}`, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
export const eddsa =
  ({ privateKey }: KeyPair): Sign =>
  (input) =>
    sign(null, Buffer.from(input), privateKey);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWS in compact form of exactly this header and payload, sensible or not. */
export function forge(header: unknown, payload: unknown, signature: Sign): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${signature(input).toString('base64url')}`;
}

export const HEADER = { alg: 'HS256', typ: 'at+jwt' } as const;
export const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'u-1', exp: NOW + 600, iat: NOW } as const;

/** A token that the default options accept, with changes; a member set to `undefined` is left out. */
export const token = (claims: object = {}, header: object = {}, signature: Sign = hmac(SECRET)): string =>
  forge({ ...HEADER, ...header }, { ...CLAIMS, ...claims }, signature);

export const context = (signal: AbortSignal = new AbortController().signal): VerifyContext =>
  ({ request: {}, signal }) as VerifyContext;

/** Verifies once, with the default options and these changes. */
export async function verify(
  presented: string,
  options: Partial<JwtVerifierOptions> = {},
): Promise<Principal | null> {
  const verifier = jwtVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: SECRET,
    tokenType: 'at+jwt',
    ...options,
  });
  return verifier.verify({ token: presented }, context());
}

/** Stops the clock at `NOW`; answers the way to move it (seconds) and the way to let it go. */
export function stopClock(): { advance(seconds: number): void; restore(): void } {
  const { now } = Date;
  let at = NOW * 1000;
  Date.now = () => at;
  return {
    advance: (seconds) => {
      at += seconds * 1000;
    },
    restore: () => {
      Date.now = now;
    },
  };
}

/** What a promise is rejected with; fails where it is fulfilled. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
