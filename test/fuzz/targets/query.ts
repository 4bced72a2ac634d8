import fc from 'fast-check';

import { queryValues } from '../../../lib/http/query.js';
import { mustAgree, type Target } from '../target.js';

const NAME = 'access_token';
const PIECES = [
  '?',
  '&',
  '=',
  '+',
  '%',
  '%3d',
  '%26',
  '%61ccess_token',
  'access_token',
  'ACCESS_TOKEN',
  'access%5Ftoken',
  '%c3%a9',
  '%ff',
  '%zz',
  '#',
  ';',
  '[]',
  '\u00e9',
  '%00',
  ' ',
];

/** `application/x-www-form-urlencoded`, one byte after the other. */
function decode(text: string): string {
  const bytes: number[] = [];
  const sent = Buffer.from(text);
  for (let at = 0; at < sent.length; at += 1) {
    const byte = sent[at] as number;
    const digits = sent.subarray(at + 1, at + 3).toString('latin1');
    if (byte === 0x25 && /^[0-9a-fA-F]{2}$/.test(digits)) {
      bytes.push(Number.parseInt(digits, 16));
      at += 2;
    } else bytes.push(byte === 0x2b ? 0x20 : byte);
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** A request target. */
export const queryTarget = (valuesOf = queryValues): Target => ({
  name: 'query',
  seeds: [
    '/mcp',
    '/mcp?access_token=x',
    '/mcp?a=b&%61ccess_token=c+d&access_token',
    '/mcp??access_token=x',
    '/mcp#?access_token=x',
    '?',
  ],
  pieces: PIECES,
  values: fc
    .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), { maxLength: 10 })
    .map((pieces) => `/mcp?${pieces.join('')}`),
  check(value) {
    const found = valuesOf(value, NAME);
    // A target is ASCII (RFC 3986 §2); what else a lenient parser lets through Node decodes in ways of its own.
    if (!/^[\0-\x7f]*$/.test(value)) return;
    const start = value.indexOf('?');
    const pairs =
      start === -1
        ? []
        : value
            .slice(start + 1)
            .split('&')
            .filter(Boolean);
    const expected = pairs.flatMap((pair) => {
      const equals = pair.indexOf('=');
      const [name, text] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return decode(name) === NAME ? [decode(text)] : [];
    });
    mustAgree(found, expected, 'queryValues');
  },
});
