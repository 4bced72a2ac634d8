import { isUtf8 } from 'node:buffer';
import type { BasicCredentials, BearerCredentials } from '../types.js';
import { trimBlanks } from './blanks.js';
import { headerValues } from './headers.js';
import { isToken } from './token.js';

/** What a request says in `Authorization`. */
export type Authorization =
  | { readonly kind: 'none' }
  /** The header came more than once: which one counts is anybody's guess. */
  | { readonly kind: 'ambiguous' }
  /**
   * `scheme` is lower case, or `''` where the header holds none: the credential is then unusable, and `value` empty.
   * `value` is everything after the scheme, possibly empty.
   */
  | { readonly kind: 'present'; readonly scheme: string; readonly value: string };

const MAX_BASIC_BYTES = 16_384;

/** CTL of RFC 5234. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL = /[\x00-\x1f\x7f]/;
/** RFC 6750 §2.1. The two repetitions share no character, so that matching is linear. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Reads `Authorization` from Node's `rawHeaders`: RFC 9110 §11.4, `auth-scheme 1*SP credentials`. */
export function readAuthorization(rawHeaders: readonly string[]): Authorization {
  const [header, second] = headerValues(rawHeaders, 'authorization');
  if (header === undefined) return { kind: 'none' };
  if (second !== undefined) return { kind: 'ambiguous' };

  const text = trimBlanks(header);
  const space = text.indexOf(' ');
  const scheme = space === -1 ? text : text.slice(0, space);
  if (!isToken(scheme)) return { kind: 'present', scheme: '', value: '' };
  return { kind: 'present', scheme: scheme.toLowerCase(), value: trimBlanks(text.slice(scheme.length)) };
}

/**
 * Basic credentials (RFC 7617 §2) from the value after the scheme, or `undefined` where it is not exactly
 * standard base64 of UTF-8 `user:password`, with a user, without control characters, of at most 16 KiB.
 */
export function parseBasic(value: string): BasicCredentials | undefined {
  const bytes = Buffer.from(value, 'base64');
  // Buffer skips what it does not know: only encoding again shows another alphabet, bad padding or stray bits.
  if (bytes.toString('base64') !== value) return undefined;
  if (bytes.length > MAX_BASIC_BYTES || !isUtf8(bytes)) return undefined;

  const text = bytes.toString('utf8');
  if (CONTROL.test(text)) return undefined;
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The bearer token (RFC 6750 §2.1, `b64token`) from the value after the scheme, or `undefined`. */
export function parseBearer(value: string): BearerCredentials | undefined {
  return B64TOKEN.test(value) ? { token: value } : undefined;
}
