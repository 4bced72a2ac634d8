import fc from 'fast-check';

import { isJsonType } from '../../../lib/http/json.js';
import { readMediaType } from '../oracle/media-type.js';
import { must, type Target } from '../target.js';

/** The value of `Content-Type`. */
export const jsonTypeTarget = (isJson: (type: string | undefined) => boolean = isJsonType): Target => ({
  name: 'json-type',
  seeds: [
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/json;charset="utf-8"',
    'text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=latin1',
    'application/json-rpc',
  ],
  pieces: [
    'application/json',
    ';',
    '=',
    '"',
    'charset',
    'utf-8',
    'utf8',
    'utf-16',
    ' ',
    '\t',
    ',',
    '\u212a',
    '\u017f',
    '/',
    '\u00a0',
    'x=y',
  ],
  values: fc
    .tuple(
      fc.constantFrom(
        'application/json',
        'APPLICATION/JSON',
        'text/plain',
        'application/jsonp',
        ' application/json\t',
      ),
      fc.constantFrom(
        '',
        ';',
        '; charset=utf-8',
        ';charset=UTF8',
        '; charset="utf-8"',
        '; charset=latin1',
        ';charset',
      ),
      fc.string({ maxLength: 4 }),
    )
    .map((parts) => parts.join('')),
  check(value) {
    const isTaken = isJson(value);
    const read = readMediaType(value);
    const isRight =
      read?.essence === 'application/json' && read.charsets.every((charset) => /^utf-?8$/.test(charset));
    if (isTaken)
      must(/^[\t ]*application\/json[\t ]*(?:;|$)/i.test(value), 'it does not begin with the type');
    if (isTaken) must(read === undefined || isRight, 'taken for what it is not');
    else must(!isRight || read.isOdd, 'refused although it is JSON');
  },
});
