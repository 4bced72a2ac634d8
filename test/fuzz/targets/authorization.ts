import fc from 'fast-check';

import { parseBasic, parseBearer, readAuthorization } from '../../../lib/http/authorization.js';
import { oracleAuthorization, oracleBasic, oracleBearer } from '../oracle/authorization.js';
import { asLatin1, linesOf, must, mustAgree, type Target } from '../target.js';

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes as string).toString('base64');
const PADS = ['', '=', '==', '===', '!', ' ', '\n', '-', '_', '\0'];
const pairs = fc.tuple(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(':', '', '::'),
  fc.string({ unit: 'binary' }),
);
const pairText = pairs.map((parts) => parts.join(''));
const PAIRS = [
  'ada:pw',
  'ada:',
  ':pw',
  'ada',
  'u:p:q',
  'test:123£',
  'é:\u{1f600}',
  'a\0:b',
  'a:\x7f',
  `a:${'p'.repeat(200)}`,
];

/** The value after `Basic`. */
export const basicTarget = (parse: (value: string) => unknown = parseBasic): Target => ({
  name: 'basic',
  seeds: PAIRS.map((pair) => base64(pair)),
  pieces: [...PADS, 'YWRhOnB3', 'Og==', 'OnB3', 'YTp=', 'wrc6', '7aCA', 'AAAA', '////', '++++', 'gICA'],
  values: fc.oneof(
    fc.tuple(pairText.map(base64), fc.constantFrom(...PADS)).map((parts) => parts.join('')),
    fc.uint8Array({ maxLength: 40 }).map(base64),
    fc.stringMatching(/^[A-Za-z0-9+/=_-]{0,12}$/),
  ),
  check: (value) => mustAgree(parse(value), oracleBasic(value), 'parseBasic'),
});

/** The bytes that are sent in base64: changed before they are encoded, they stay credentials more often. */
export const basicBytesTarget = (parse: (value: string) => unknown = parseBasic): Target => ({
  name: 'basic-bytes',
  seeds: PAIRS.map((pair) => Buffer.from(pair).toString('latin1')),
  pieces: [
    ':',
    '\0',
    '\x1f',
    '\x7f',
    '\xc2\xa3',
    '\xed\xa0\x80',
    '\xed\x9f\xbf',
    '\xc0\x80',
    '\xe0\x80\x80',
    '\xf0\x9f\x98\x80',
    '\xf4\x90\x80\x80',
    '\xf4\x8f\xbf\xbf',
    '\xef\xbb\xbf',
    '\xff\xfe',
    '\x80',
    '\xf8\x88\x80\x80\x80',
  ],
  values: fc
    .oneof(pairText, fc.string({ unit: 'binary-ascii' }))
    .map((text) => Buffer.from(text).toString('latin1')),
  check(value) {
    const sent = base64(Buffer.from(value, 'latin1'));
    const parsed = parse(sent) as { username: string; password: string } | undefined;
    mustAgree(parsed, oracleBasic(sent), 'parseBasic');
    if (parsed)
      must(
        base64(`${parsed.username}:${parsed.password}`) === sent,
        'it is not the one spelling of that pair',
      );
  },
});

/** The value after `Bearer`. */
export const bearerTarget = (parse: (value: string) => unknown = parseBearer): Target => ({
  name: 'bearer',
  seeds: ['a', 'mF_9.B5f-4.1JqM', 'A-._~+/9==', 'eyJhbGciOiJub25lIn0.e30.', '=', 'a=b', 'a b', ''],
  pieces: ['=', '==', '.', '-', '_', '~', '+', '/', ' ', '\t', '\u212a', '\u0131', '\u00a0', ',', '"', '%20'],
  values: fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9\-._~+/]{0,9}=*$/),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme-ascii' }),
  ),
  check: (value) => mustAgree(parse(value), oracleBearer(value), 'parseBearer'),
});

const SCHEMES = ['Basic', 'bEARER', 'Negotiate', 'X(', '', 'Basic:', 'MCP-Token', '"Basic"', 'Bas\u00efc'];
const GAPS = [' ', '  ', '\t', '', ' \t ', '\u00a0'];
const NAMES = [
  'Authorization',
  'AUTHORIZATION',
  'authorization',
  'authorizatiom',
  'x',
  'Proxy-Authorization',
  'Authorization ',
];

/** Names and values of header fields, one a line. */
export const authorizationTarget = (
  read: (lines: readonly string[]) => unknown = readAuthorization,
): Target => ({
  name: 'authorization',
  seeds: [
    'Authorization\nBasic YWRhOnB3',
    'authorization\n\t bearer  a.b ',
    'x\ny',
    'Authorization\na\nAUTHORIZATION\nb',
    'Authorization',
    '',
  ],
  pieces: [...NAMES.map((name) => `${name}\n`), ...SCHEMES, ...GAPS, '\n', 'YWRhOnB3', ','],
  values: fc
    .array(
      fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...SCHEMES), fc.constantFrom(...GAPS), fc.string()),
      { maxLength: 3 },
    )
    .map((fields) => fields.map(([name, scheme, gap, rest]) => `${name}\n${scheme}${gap}${rest}`).join('\n')),
  check(value) {
    const lines = linesOf(asLatin1(value));
    mustAgree(read(lines), oracleAuthorization(lines), 'readAuthorization');
  },
});
