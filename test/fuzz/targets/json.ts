import fc from 'fast-check';

import { isPlainJson, parseJson } from '../../../lib/http/json.js';
import { decodeUtf8 } from '../oracle/utf8.js';
import { must, mustAgree, type Target } from '../target.js';

const MAX_DEPTH = 200;

/** Whether everything inherits something that nothing should. */
function isPolluted(): boolean {
  for (const _name in {}) return true;
  return false;
}

/** Brackets that are open at once, texts left out. */
function depthOf(text: string): number {
  let [deepest, depth] = [0, 0];
  for (const [bracket] of text.replace(/"(?:[^"\\]|\\.)*(?:"|$)/gs, '').matchAll(/[[\]{}]/g)) {
    depth += '[{'.includes(bracket) ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function hasProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getOwnPropertyNames(value).includes('__proto__') || Object.values(value).some(hasProto);
}

const readAll = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

function checkBytes(parse: typeof parseJson, isPlain: typeof isPlainJson, bytes: Buffer): void {
  const parsed = parse(bytes);
  must(!isPolluted(), 'a prototype was changed');
  const points = decodeUtf8(bytes);
  if (points === undefined) {
    must(parsed === undefined, 'broken UTF-8 was read');
    return;
  }
  const text = bytes.toString();
  const all = readAll(text);
  const isTooDeep = all !== undefined && depthOf(text) > MAX_DEPTH;
  const isRefused = all === undefined || isTooDeep || hasProto(all.value);
  mustAgree(parsed, isRefused ? undefined : all, 'parseJson');
  if (all && !isTooDeep) mustAgree(isPlain(all.value), !isRefused, 'isPlainJson');
}

const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '\\u005f',
    '\\u005F_proto__',
    '__proto__',
    '"__proto__":1',
    '\\"',
    '\\\\',
    'null',
    'true',
    '1e999',
    '-0',
    '\\ud800',
  ],
  ...[
    '\ufeff',
    '\u2028',
    ' ',
    '\n',
    '{"a":',
    '[['.repeat(60),
    ']]'.repeat(60),
    '{"constructor":{"prototype":{"polluted":1}}}',
    '01',
    '.5',
    'NaN',
    '//',
  ],
];
const SEEDS = [
  '{}',
  '[]',
  'null',
  '{"a":[1,"x",{"b":null}]}',
  '{"__proto__":{"polluted":1}}',
  '{"a":"__proto__"}',
  '{"\\u005f_proto__":1}',
  `${'['.repeat(200)}${']'.repeat(200)}`,
  `${'['.repeat(201)}${']'.repeat(201)}`,
  '{"a":{"__proto__":1},"a":1}',
];

/** JSON as text. */
export const jsonTarget = (parse = parseJson, isPlain = isPlainJson): Target => ({
  name: 'json',
  seeds: SEEDS,
  pieces: PIECES,
  values: fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.tuple(fc.json(), fc.constantFrom(...PIECES)).map((parts) => parts.join('')),
  ),
  check: (value) => checkBytes(parse, isPlain, Buffer.from(value)),
});

/** The bytes of a body. */
export const jsonBytesTarget = (parse = parseJson, isPlain = isPlainJson): Target => ({
  name: 'json-bytes',
  seeds: [
    '"\xc3\xa9"',
    '"\xf0\x9f\x98\x80"',
    '\xef\xbb\xbf{}',
    '"\xed\xa0\x80"',
    '"\xff"',
    '{"a":1}',
    '\xff\xfe{\0}\0',
    '',
  ],
  pieces: [
    '"',
    '\xc0\x80',
    '\xe0\x80\x80',
    '\xed\x9f\xbf',
    '\xf4\x90\x80\x80',
    '\x80',
    '\xc3',
    '{"a":',
    '}',
    '\0',
    '\\u00e9',
  ],
  values: fc.uint8Array({ maxLength: 12 }).map((bytes) => `"${Buffer.from(bytes).toString('latin1')}"`),
  check: (value) => checkBytes(parse, isPlain, Buffer.from(value, 'latin1')),
});
