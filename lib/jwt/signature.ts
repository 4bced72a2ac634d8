import {
  type CompactVerifyResult,
  compactVerify,
  decodeProtectedHeader,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';
import { isRecord } from '../options.js';
import type { VerificationKeys } from './keys.js';

/** What a genuine signature covers; nothing of the payload is checked yet. */
export interface SignedJwt {
  readonly header: JWTHeaderParameters;
  readonly payload: JWTPayload;
}

const MAX_TOKEN_LENGTH = 16_384;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What `jose` says of a token that is not genuine. Every other error is ours or the issuer's: an outage. */
const NOT_GENUINE: ReadonlySet<unknown> = new Set([
  'ERR_JWS_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JWKS_NO_MATCHING_KEY',
]);

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** Before any key is touched: a compact JWS, without an extension that must be understood (RFC 7515 §4.1.11). */
function isAcceptable(token: string): boolean {
  if (token.length > MAX_TOKEN_LENGTH || !COMPACT_JWS.test(token)) return false;
  try {
    const { crit, kid } = decodeProtectedHeader(token);
    return crit === undefined && (kid === undefined || typeof kid === 'string');
  } catch {
    return false;
  }
}

/** The verified token, or `undefined` if it is not genuine. Throws where the keys cannot be had. */
async function verifySignature(
  token: string,
  { key, algorithms }: VerificationKeys,
): Promise<CompactVerifyResult | undefined> {
  try {
    return await compactVerify(token, key, { algorithms: [...algorithms] });
  } catch (error) {
    if (NOT_GENUINE.has(codeOf(error))) return undefined;
    if (codeOf(error) !== 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') throw error;
    // A token without `kid`, or a set that repeats one: `jose` hands out the candidates (RFC 7517 §4.5).
    for await (const candidate of error as AsyncIterable<VerificationKeys['key']>) {
      const verified = await verifySignature(token, { key: candidate, algorithms });
      if (verified) return verified;
    }
    return undefined;
  }
}

function parsePayload(payload: Uint8Array): JWTPayload | undefined {
  try {
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The header and payload of a JWT whose signature is genuine, or `undefined`.
 * A token above 16 KB is refused unread. Throws where the keys cannot be had: an outage.
 */
export async function readSigned(token: string, keys: VerificationKeys): Promise<SignedJwt | undefined> {
  if (!isAcceptable(token)) return undefined;
  const verified = await verifySignature(token, keys);
  const payload = verified && parsePayload(verified.payload);
  return verified && payload && { header: verified.protectedHeader, payload };
}
