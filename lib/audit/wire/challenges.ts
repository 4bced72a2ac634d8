import { isToken } from '../../http/token.js';

/** One challenge of `WWW-Authenticate`. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The older form of RFC 9110 §11.2: one value without a name. */
  readonly token68: string | undefined;
}

const QUOTED = /^"((?:[\t !#-[\]-~\u0080-\u00ff]|\\[\t -~\u0080-\u00ff])*)"/;
const BARE = /^[^\s,="]+/;
const PARAMETER = /^[^\s,="]+[ \t]*=/;
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/;

/**
 * The challenges of one `WWW-Authenticate` line (RFC 9110 §11.6.1: a list of schemes, each with its parameters).
 * `undefined` where the line does not follow the grammar.
 */
export function parseChallenges(line: string): readonly Challenge[] | undefined {
  const challenges: { scheme: string; parameters: Map<string, string>; token68: string | undefined }[] = [];
  let rest = line.trim();
  while (rest !== '') {
    const name = BARE.exec(rest)?.[0];
    if (name === undefined || !isToken(name)) return undefined;
    const after = rest.slice(name.length);
    const current = challenges.at(-1);
    if (/^[ \t]*=/.test(after)) {
      const value = valueIn(after.replace(/^[ \t]*=[ \t]*/, ''));
      if (!current || !value || current.parameters.has(name.toLowerCase())) return undefined;
      current.parameters.set(name.toLowerCase(), value.text);
      rest = value.rest;
    } else {
      const follows = after.replace(/^ +/, '');
      const token68 = TOKEN68.exec(follows)?.[0];
      challenges.push({ scheme: name.toLowerCase(), parameters: new Map(), token68 });
      rest = token68 === undefined ? follows : follows.slice(token68.length);
      // Between a scheme and its first parameter there is no comma.
      if (PARAMETER.test(rest)) continue;
    }
    const separated = /^[ \t]*(?:,[ \t]*)+/.exec(rest);
    if (!separated && rest !== '') return undefined;
    rest = rest.slice(separated?.[0].length);
  }
  return challenges.length > 0 ? challenges : undefined;
}

function valueIn(text: string): { readonly text: string; readonly rest: string } | undefined {
  const quoted = QUOTED.exec(text);
  if (quoted) return { text: String(quoted[1]).replace(/\\(.)/g, '$1'), rest: text.slice(quoted[0].length) };
  const bare = BARE.exec(text)?.[0];
  return bare !== undefined && isToken(bare) ? { text: bare, rest: text.slice(bare.length) } : undefined;
}
