import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Never leaves the process: a fingerprint found in a heap dump of yesterday says nothing today. */
const processKey = randomBytes(32);
/** 256 random bits that fill one block of SHA-256, 64 bytes. */
const firstBlock = randomBytes(32).toString('hex');

/**
 * What a credential is remembered as: SHA-256 over its parts under a random key of this process. No two lists of parts
 * share an input, and none is the beginning of another. For such inputs a key of a whole block in front does what HMAC
 * does for any (the cascade of Bellare, Canetti and Krawczyk, "Pseudorandom functions revisited", 1996), at half the
 * price; this is asked for every request.
 */
export function fingerprint(...parts: readonly string[]): string {
  return hash('sha256', firstBlock + JSON.stringify(parts), 'base64url');
}

/** The same under a key that others may have too: one text has one answer on all of their nodes, and after a restart. */
export function keyedDigest(key: string | Uint8Array, ...parts: readonly string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}

/** SHA-256 of an identifier, for keys that may leave the process. */
export function digest(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url');
}

/** Compares without telling length or position: both sides are hashed first. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(underProcessKey(a), underProcessKey(b));
}

function underProcessKey(text: string): Buffer {
  return createHmac('sha256', processKey).update(text).digest();
}
