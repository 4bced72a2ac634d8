import { domainToASCII, domainToUnicode } from 'node:url';

const MAX_LENGTH = 1024;
const MAX_DOMAIN_LENGTH = 253;
/** A later step of the folding can make work for an earlier one; two rounds settled every name that was tried. */
const MAX_ROUNDS = 4;

const REFUSED = /[\p{Cc}\p{Surrogate}]/u;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const DOTLESS_I = '\u0131';
/** What a URL parser would cut off, decode or skip rather than refuse; and A-labels that hold A-labels. */
const NO_DOMAIN = /[\s%/:?#@\\[\]]|xn--xn--/;

/** The commonest names, which fold to themselves: nothing in them is upper case, composed or invisible. */
const FOLDED = /^[a-z0-9._+-]{1,64}(?:@(?:[a-z][a-z0-9]{0,30}\.){1,4}[a-z]{2,30})?$/;

/**
 * The coarsest spelling of a user name: all names that a user directory might take for one account fold to one key.
 * Case, outer white space, compatibility forms (NFKC), invisible characters, and the forms of an e-mail's domain
 * (IDNA, trailing dot) make no difference. It may merge two accounts, and never splits one; look-alikes of other
 * scripts stay apart.
 *
 * @returns the key, or `undefined` for a name that is refused: control characters, lone surrogates, nothing left
 *   after folding, or more than 1024 UTF-16 units
 */
export function accountKey(username: string): string | undefined {
  if (FOLDED.test(username)) return username;
  if (username.length > MAX_LENGTH || REFUSED.test(username)) return undefined;
  let key = username;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const folded = foldName(key);
    if (folded === key) break;
    key = folded;
  }
  return key === '' ? undefined : key;
}

function foldName(name: string): string {
  const text = foldText(name);
  const at = text.lastIndexOf('@');
  return at === -1 ? text : text.slice(0, at + 1) + foldDomain(text.slice(at + 1));
}

/**
 * Upper case first, since that alone joins `ß` with `ss` and `ς` with `σ`; dotless `ı` must not become `I`. Taken apart
 * before that, since upper case makes a letter of the iota below `ᾼ`, and an accent that follows would go to it.
 */
function foldText(text: string): string {
  const upper = text.normalize('NFKD').split(DOTLESS_I).map(toUpperCase).join(DOTLESS_I);
  const lower = upper.toLowerCase().replaceAll('ς', 'σ');
  return lower.replace(INVISIBLE, '').normalize('NFKC').trim();
}

function toUpperCase(text: string): string {
  return text.toUpperCase();
}

/**
 * The domain in ASCII (IDNA), or as it came where it is none. An A-label is folded as the text it stands for, so that
 * `xn--fa-hia.de` meets `faß.de`. Bounded, since Punycode takes quadratic time.
 */
function foldDomain(domain: string): string {
  const name = withoutTrailingDots(domain);
  if (name.length > MAX_DOMAIN_LENGTH || NO_DOMAIN.test(name)) return name;
  const unicode = domainToUnicode(domainToASCII(name));
  return domainToASCII(foldText(unicode)) || name;
}

function withoutTrailingDots(domain: string): string {
  let end = domain.length;
  while (domain[end - 1] === '.') end -= 1;
  return domain.slice(0, end);
}
