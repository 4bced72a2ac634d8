import { isTokenCharacter } from './authorization.js';

export interface ReadChallenge {
  readonly scheme: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** Reads one challenge as RFC 9110 §11.6.1 has it, every value a quoted-string; throws where it is anything else. */
export function readChallenge(text: string): ReadChallenge {
  let at = 0;
  const expect = (wanted: string): void => {
    if (!text.startsWith(wanted, at))
      throw new Error(`no ${JSON.stringify(wanted)} at ${at} of ${JSON.stringify(text)}`);
    at += wanted.length;
  };
  const token = (): string => {
    const start = at;
    while (at < text.length && isTokenCharacter(text.charAt(at))) at += 1;
    if (at === start) throw new Error(`no token at ${at} of ${JSON.stringify(text)}`);
    return text.slice(start, at);
  };
  const quoted = (): string => {
    expect('"');
    let value = '';
    for (; at < text.length && text.charAt(at) !== '"'; at += 1) {
      if (text.charAt(at) === '\\') at += 1;
      value += text.charAt(at);
    }
    expect('"');
    return value;
  };
  const scheme = token();
  const parameters: (readonly [string, string])[] = [];
  while (at < text.length) {
    expect(parameters.length === 0 ? ' ' : ', ');
    const name = token();
    expect('=');
    parameters.push([name, quoted()]);
  }
  return { scheme, parameters };
}
