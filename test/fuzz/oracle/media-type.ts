import { isTokenCharacter, lowerAscii } from './authorization.js';

export interface MediaType {
  readonly essence: string;
  /** Of every `charset`, in lower case. */
  readonly charsets: readonly string[];
  /** Whether a value holds a character that only quotes let in. */
  readonly isOdd: boolean;
}

/** Reads a media type by the grammar of RFC 9110 §8.3.1; `undefined` for what does not fit it to the letter. */
export function readMediaType(text: string): MediaType | undefined {
  let at = 0;
  const blanks = (): void => {
    while (' \t'.includes(text.charAt(at)) && at < text.length) at += 1;
  };
  const token = (): string => {
    const start = at;
    while (at < text.length && isTokenCharacter(text.charAt(at))) at += 1;
    return text.slice(start, at);
  };
  const quoted = (): string | undefined => {
    let value = '';
    for (at += 1; at < text.length; at += 1) {
      if (text.charAt(at) === '"') {
        at += 1;
        return value;
      }
      if (text.charAt(at) === '\\') at += 1;
      value += text.charAt(at);
    }
    return undefined;
  };
  blanks();
  const [type, slash, subtype] = [token(), text.charAt(at++), token()];
  if (type === '' || slash !== '/' || subtype === '') return undefined;
  const charsets: string[] = [];
  let isOdd = false;
  for (blanks(); at < text.length; blanks()) {
    if (text.charAt(at++) !== ';') return undefined;
    blanks();
    if (at === text.length || text.charAt(at) === ';') continue;
    const name = token();
    if (name === '' || text.charAt(at++) !== '=') return undefined;
    const value = text.charAt(at) === '"' ? quoted() : token() || undefined;
    if (value === undefined) return undefined;
    isOdd ||= ![...value].every(isTokenCharacter) || text.includes('\\');
    if (lowerAscii(name) === 'charset') charsets.push(lowerAscii(value));
  }
  return { essence: lowerAscii(`${type}/${subtype}`), charsets, isOdd };
}
