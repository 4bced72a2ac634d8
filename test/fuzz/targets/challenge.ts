import fc from 'fast-check';

import { formatChallenge } from '../../../lib/http/challenge.js';
import { isTokenCharacter } from '../oracle/authorization.js';
import { readChallenge } from '../oracle/challenge.js';
import { linesOf, must, mustAgree, type Target } from '../target.js';

const isToken = (text: string): boolean => text !== '' && [...text].every(isTokenCharacter);
/** HTAB, SP, visible ASCII and obs-text: what a field value of RFC 9110 §5.5 can hold. */
const isCarried = (text: string): boolean =>
  [...text].every((character) => {
    const code = character.codePointAt(0) as number;
    return code === 9 || (code >= 0x20 && code <= 0xff && code !== 0x7f);
  });

const NAMES = ['realm', 'error', 'charset', '__proto__', '1', 'a b', '', 'sc\u00f6pe'];
const VALUES = ['mcp', '', 'a"b', 'a\\b', '\\"', 'a\r\nb', 'é', '€', '\t', '\x7f', '\x80'];

/** The scheme, then names and values of parameters, one a line. */
export const challengeTarget = (format = formatChallenge): Target => ({
  name: 'challenge',
  seeds: ['Basic\nrealm\nmcp\ncharset\nUTF-8', 'Bearer', 'Bearer\nerror\ninvalid_token', '', 'X Y\na\nb'],
  pieces: ['\n', ...NAMES, ...VALUES, 'Bearer', '", x="'],
  values: fc
    .tuple(
      fc.constantFrom('Basic', 'MCP-Token', 'a b', ''),
      fc.array(
        fc.tuple(
          fc.constantFrom(...NAMES),
          fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'binary', maxLength: 6 })),
        ),
        { maxLength: 4 },
      ),
    )
    .map(([scheme, pairs]) => [scheme, ...pairs.flat()].join('\n')),
  check(value) {
    const [scheme = '', ...rest] = linesOf(value);
    const given: [string, string][] = [];
    for (let at = 0; at + 1 < rest.length; at += 2) given.push([rest[at] as string, rest[at + 1] as string]);
    const parameters = Object.fromEntries(given);
    const pairs = Object.entries(parameters);
    const isSayable = isToken(scheme) && pairs.every(([name, text]) => isToken(name) && isCarried(text));
    let text: string;
    try {
      text = format(scheme, parameters);
    } catch (error) {
      must(error instanceof TypeError && !isSayable, `refused what can be said: ${String(error)}`);
      return;
    }
    must(isSayable, 'said what cannot be said');
    must(isCarried(text), 'a header that no header can carry');
    mustAgree(readChallenge(text), { scheme, parameters: pairs }, 'read back');
  },
});
