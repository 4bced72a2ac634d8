import fc from 'fast-check';

import { accountKey } from '../../../lib/http/account-key.js';
import { must, mustAgree, type Target } from '../target.js';

const MAX_LENGTH = 1024;
/** The longest that one UTF-16 unit becomes in NFKC (U+FDFA), and A-labels are no longer than that either. */
const MAX_GROWTH = 18;
const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;
const PIECES = [
  ...[
    '@',
    '.',
    'xn--',
    '-',
    '\u3002',
    '\uff0e',
    '\u0131',
    '\u0130',
    '\u0345',
    '\u03a3',
    '\u03c2',
    '\u00df',
    '\u1e9e',
    '\u200d',
    '\u00ad',
    '\ufeff',
  ],
  ...[
    'xn--fa-hia',
    'xn--xn--',
    '%',
    ' ',
    '\u3000',
    '1',
    'e\u0301',
    '\u212a',
    '\ufb03',
    '\ufdfa',
    '__proto__',
    '\u{1d4b6}',
    '\u{10428}',
    '\u{10400}',
    'I',
    'i',
    '\u0390',
    '\u1fb7',
  ],
];

/** What no directory takes for a name. */
function isRefused(value: string): boolean {
  if (value.length > MAX_LENGTH) return true;
  for (const character of value) {
    const code = character.codePointAt(0) as number;
    if (code <= 0x1f || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xdfff)) return true;
  }
  return false;
}

export const accountKeyTarget = (fold: (name: string) => string | undefined = accountKey): Target => ({
  name: 'account-key',
  seeds: [
    'ada',
    'Ada@Example.com',
    ' \u0041\u0301 ',
    'a@xn--fa-hia.de',
    'a@fa\u00df.de.',
    '__proto__',
    '\u{1d4b6}',
    '',
  ],
  pieces: PIECES,
  values: fc
    .array(
      fc.oneof(
        fc.constantFrom(...PIECES),
        fc.string({ unit: 'grapheme', maxLength: 4 }),
        fc.string({ unit: 'binary', maxLength: 4 }),
      ),
      { maxLength: 8 },
    )
    .map((pieces) => pieces.join('')),
  check(value) {
    const key = fold(value);
    if (isRefused(value)) {
      must(key === undefined, 'a name that is to be refused has a key');
      return;
    }
    if (key === undefined) return;
    must(
      key !== '' && key.length <= MAX_GROWTH * value.length,
      `a key of ${key.length} for a name of ${value.length}`,
    );
    if (key.length <= MAX_LENGTH) mustAgree(fold(key), key, 'folded twice');
    const aliases: [string, string][] = FORMS.map((form) => [form, value.normalize(form)]);
    aliases.push(
      ['lower case', value.toLowerCase()],
      ['spaces', ` \u3000${value}\u00a0`],
      ['soft hyphen', `\u00ad${value}`],
    );
    // Dotless i is a letter of its own, which upper case takes away; and U+0345 becomes one, so that its place counts;
    // taken apart first, as caseless matching has it (Unicode, D145), every mark is in its own.
    const normal = value.normalize('NFKD');
    if (!normal.includes('\u0131')) aliases.push(['upper case', normal.toUpperCase()]);
    for (const [what, alias] of aliases) if (!isRefused(alias)) mustAgree(fold(alias), key, what);
  },
});
