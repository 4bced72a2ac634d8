import { accountKey } from '../../lib/http/account-key.js';
import { parseBasic } from '../../lib/http/authorization.js';
import { clientKey } from '../../lib/http/client-key.js';
import { headerValues } from '../../lib/http/headers.js';
import { hostMatcher, originMatcher } from '../../lib/http/host.js';
import type { Target } from './target.js';
import { accountKeyTarget } from './targets/account-key.js';
import { authorizationTarget, basicBytesTarget, basicTarget, bearerTarget } from './targets/authorization.js';
import { challengeTarget } from './targets/challenge.js';
import { clientKeyTarget } from './targets/client-key.js';
import { headersTarget, sessionIdTarget } from './targets/headers.js';
import { hostTarget, originTarget } from './targets/host.js';
import { jsonBytesTarget, jsonTarget } from './targets/json.js';
import { jsonTypeTarget } from './targets/json-type.js';
import { queryTarget } from './targets/query.js';

const pairOf = (text: string, colon: number) => ({
  username: text.slice(0, colon),
  password: text.slice(colon + 1),
});
const lenient = (value: string, colonOf: (text: string) => number) => {
  const text = Buffer.from(value, 'base64').toString();
  const colon = colonOf(text);
  return colon < 1 ? undefined : pairOf(text, colon);
};
/** JSON without a defence. */
export const readAny = (bytes: Uint8Array): { value: unknown } | undefined => {
  try {
    return { value: JSON.parse(Buffer.from(bytes).toString()) };
  } catch {
    return undefined;
  }
};

/** Each has one defence taken out, as it is forgotten elsewhere. */
export const BROKEN: readonly (readonly [what: string, target: Target])[] = [
  ['Basic reads any base64', basicTarget((value) => lenient(value, (text) => text.indexOf(':')))],
  [
    'Basic parts at the last colon',
    basicBytesTarget((value) => parseBasic(value) && lenient(value, (text) => text.lastIndexOf(':'))),
  ],
  ['Basic replaces broken UTF-8', basicBytesTarget((value) => lenient(value, (text) => text.indexOf(':')))],
  [
    'Bearer takes anything without a blank',
    bearerTarget((value) => (/^\S+$/.test(value) ? { token: value } : undefined)),
  ],
  [
    'the scheme is looked for anywhere',
    authorizationTarget((lines) => {
      const [first] = headerValues(lines, 'authorization');
      if (first === undefined) return { kind: 'none' };
      const [scheme = '', value = ''] = first.trim().split(/\s+/);
      return { kind: 'present', scheme: scheme.toLowerCase(), value };
    }),
  ],
  [
    'header names are trimmed',
    headersTarget((lines, name) =>
      headerValues(
        lines.map((line, at) => (at % 2 ? line : line.trim())),
        name,
      ),
    ),
  ],
  [
    'withoutHeader takes one spelling out',
    headersTarget(undefined, (lines, name) => lines.filter((_, at) => lines[at - (at % 2)] !== name)),
  ],
  [
    'the shape of an id is not anchored',
    sessionIdTarget(({ rawHeaders }) => {
      const [id, second] = headerValues(rawHeaders, 'mcp-session-id');
      if (id === undefined) return { kind: 'none' };
      return second === undefined && /^[\x21-\x7e]+$/.test(id)
        ? { kind: 'sent', id, isOurs: /[\w-]{43}/.test(id) }
        : { kind: 'invalid' };
    }),
  ],
  [
    'a challenge does not escape',
    challengeTarget(
      (scheme, parameters) =>
        `${scheme} ${Object.entries(parameters)
          .map(([name, value]) => `${name}="${value}"`)
          .join(', ')}`,
    ),
  ],
  [
    'accounts are folded by case alone',
    accountKeyTarget((name) =>
      accountKey(name) === undefined ? undefined : name.toLowerCase().trim() || undefined,
    ),
  ],
  [
    'accounts keep invisible characters',
    accountKeyTarget(
      (name) => accountKey(name) && (name.normalize('NFKC').toLowerCase().trim() || undefined),
    ),
  ],
  ['control characters are accounts', accountKeyTarget((name) => accountKey(name.replace(/\p{Cc}/gu, '')))],
  [
    'IPv6 counts by address',
    clientKeyTarget((ip) =>
      ip?.includes(':') && clientKey(ip) !== 'unknown' ? ip.slice(0, 24) : clientKey(ip),
    ),
  ],
  [
    'anything that looks like an address has a key',
    clientKeyTarget((ip) =>
      ip && /^[\da-f:]+$/.test(ip) && clientKey(ip) === 'unknown' ? ip.slice(0, 24) : clientKey(ip),
    ),
  ],
  [
    'a host may go on',
    hostTarget(
      (allowed) => (hosts) => hosts.length === 1 && allowed.some((host) => hosts[0]?.startsWith(host)),
    ),
  ],
  [
    'a second host is not looked at',
    hostTarget((allowed) => (hosts) => hostMatcher(allowed)(hosts.slice(0, 1))),
  ],
  [
    'an origin is a host',
    originTarget(
      (origins, hosts) => (values) =>
        originMatcher(origins, hosts)(values) ||
        hostMatcher(hosts)([String(values[0]).split('://')[1] ?? '']),
    ),
  ],
  ['JSON is read as it comes', jsonTarget(readAny)],
  ['prototypes are taken for plain JSON', jsonTarget(undefined, () => true)],
  ['bytes that are no text are replaced', jsonBytesTarget(readAny)],
  [
    'any type that holds the word is JSON',
    jsonTypeTarget((type) => type?.includes('application/json') === true),
  ],
  [
    'a query begins at its second question mark',
    queryTarget((target, name) => new URLSearchParams(target.slice(target.indexOf('?') + 1)).getAll(name)),
  ],
];
