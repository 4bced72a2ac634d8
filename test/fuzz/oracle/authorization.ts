import { decodeBase64 } from './base64.js';
import { decodeUtf8 } from './utf8.js';

const COLON = 0x3a;
const MAX_BYTES = 16_384;

const textOf = (points: readonly number[]): string =>
  points.map((point) => String.fromCodePoint(point)).join('');

/** RFC 7617 §2: `user-id ":" password`, no CTL in either, the first colon parts them; here a user is never empty. */
export function oracleBasic(value: string): { username: string; password: string } | undefined {
  const bytes = decodeBase64(value);
  if (bytes === undefined || bytes.length > MAX_BYTES) return undefined;
  const points = decodeUtf8(bytes);
  if (points === undefined) return undefined;
  for (const point of points) if (point <= 0x1f || point === 0x7f) return undefined;
  let colon = 0;
  while (colon < points.length && points[colon] !== COLON) colon += 1;
  if (colon === 0 || colon === points.length) return undefined;
  return { username: textOf(points.slice(0, colon)), password: textOf(points.slice(colon + 1)) };
}

const isBetween = (character: string, first: string, last: string): boolean =>
  character >= first && character <= last;
const isAlphaNumeric = (character: string): boolean =>
  isBetween(character, 'A', 'Z') || isBetween(character, 'a', 'z') || isBetween(character, '0', '9');

/** RFC 6750 §2.1: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, as a machine of three states. */
export function oracleBearer(value: string): { token: string } | undefined {
  let state: 'empty' | 'token' | 'pads' = 'empty';
  for (const character of value) {
    if (state !== 'pads' && (isAlphaNumeric(character) || '-._~+/'.includes(character))) state = 'token';
    else if (state !== 'empty' && character === '=') state = 'pads';
    else return undefined;
  }
  return state === 'empty' ? undefined : { token: value };
}

/** RFC 9110 §5.6.2. */
export const isTokenCharacter = (character: string): boolean =>
  isAlphaNumeric(character) || "!#$%&'*+-.^_`|~".includes(character);

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';

/** ASCII alone: the header names and schemes of RFC 9110 know no other letters. */
export function lowerAscii(text: string): string {
  let lower = '';
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    lower += String.fromCharCode(code >= 0x41 && code <= 0x5a ? code + 0x20 : code);
  }
  return lower;
}

/** The values of a header, one list for all spellings of its name. */
export function oracleValues(lines: readonly string[], name: string): string[] {
  const values: string[] = [];
  lines.forEach((line, at) => {
    if (at % 2 === 0 && lowerAscii(line) === name) values.push(lines[at + 1] ?? '');
  });
  return values;
}

/** What `Authorization` says: RFC 9110 §11.4, `auth-scheme [ 1*SP … ]`, read one character after the other. */
export function oracleAuthorization(lines: readonly string[]): object {
  const values = oracleValues(lines, 'authorization');
  if (values.length === 0) return { kind: 'none' };
  if (values.length > 1) return { kind: 'ambiguous' };
  const characters = [...(values[0] as string)];
  while (isBlank(characters[0])) characters.shift();
  while (isBlank(characters.at(-1))) characters.pop();
  let scheme = '';
  while (characters.length > 0 && characters[0] !== ' ') scheme += characters.shift();
  const isUsable = scheme !== '' && [...scheme].every(isTokenCharacter);
  if (!isUsable) return { kind: 'present', scheme: '', value: '' };
  while (isBlank(characters[0])) characters.shift();
  return { kind: 'present', scheme: lowerAscii(scheme), value: characters.join('') };
}
