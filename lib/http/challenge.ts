import { isToken } from './token.js';

/** HTAB, SP, VCHAR and obs-text: what a quoted-string of RFC 9110 §5.6.4 can hold, escaped or not. */
const QUOTABLE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * One challenge for `WWW-Authenticate` (RFC 9110 §11.6.1): the scheme, then each parameter as a quoted-string,
 * in the order given. Parameters that are `undefined` are left out.
 *
 * @throws TypeError for a scheme or parameter name that is no token, or a value that no header can carry
 */
export function formatChallenge(
  scheme: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  assertToken(scheme);
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    assertToken(name);
    pairs.push(`${name}=${quote(value)}`);
  }
  return pairs.length === 0 ? scheme : `${scheme} ${pairs.join(', ')}`;
}

/** @throws TypeError if `text` holds a character that a quoted-string (RFC 9110 §5.6.4) cannot carry */
export function assertQuotable(text: string): void {
  if (!QUOTABLE.test(text)) {
    throw new TypeError('A header value cannot carry control characters or characters above U+00FF');
  }
}

function assertToken(text: string): void {
  if (!isToken(text)) throw new TypeError(`${JSON.stringify(text)} is not a token`);
}

function quote(text: string): string {
  assertQuotable(text);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
