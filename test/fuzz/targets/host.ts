import fc from 'fast-check';

import { hostMatcher, originMatcher } from '../../../lib/http/host.js';
import { groupsOf } from '../oracle/address.js';
import { linesOf, must, mustAgree, type Target } from '../target.js';

const HOSTS = ['app.example', 'api.example:8443', 'localhost', '127.0.0.1', '[::1]', '[2001:db8::1]:8080'];
const ORIGINS = ['https://app.example', 'http://localhost:3000', 'null'];
const PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };
const EVIL = [
  'localhost.evil.com',
  '127.0.0.1.nip.io',
  'app.example.',
  'app.example:',
  'u@app.example',
  'app.example/',
  'app.example#',
  'ap\u3002example',
  '0177.0.0.1',
  '[::ffff:127.0.0.1]',
  '[::1%lo]',
  '[0::1]:80',
  '\u24d0pp.example',
  'app.example:08',
  'app.example:65536',
];

interface Place {
  readonly host: string;
  readonly port: string | undefined;
}

/** `host [":" port]`, taken apart at the last colon outside of brackets; `undefined` for anything else. */
function placeOf(text: string): Place | undefined {
  if (text.startsWith('[') && !text.includes(']')) return undefined;
  const end = text.startsWith('[') ? text.indexOf(']') + 1 : text.indexOf(':');
  const name = end <= 0 ? text : text.slice(0, end);
  const port = end <= 0 || end === text.length ? undefined : text.slice(end + 1);
  if (end > 0 && end < text.length && text.charAt(end) !== ':') return undefined;
  if (
    port !== undefined &&
    (String(Number(port)) !== port || !(Number(port) >= 1 && Number(port) <= 65_535) || port.includes('.'))
  )
    return undefined;
  if (!name.startsWith('['))
    return { host: [...name].map((c) => (c >= 'A' && c <= 'Z' ? c.toLowerCase() : c)).join(''), port };
  const inner = name.slice(1, -1);
  const groups = inner.includes('%') ? undefined : groupsOf(inner);
  return groups && { host: groups.join(), port };
}

const isAmong = (allowed: readonly string[], place: Place | undefined): boolean =>
  place !== undefined &&
  allowed.some((entry) => {
    const own = placeOf(entry);
    return own?.host === place.host && (own.port === undefined || own.port === place.port);
  });

/** All values of `Host`, one a line. */
export const hostTarget = (makeMatcher = hostMatcher): Target => {
  const matches = makeMatcher(HOSTS);
  return {
    name: 'host',
    seeds: [...HOSTS, ...EVIL, 'APP.example:1', ''],
    pieces: [...HOSTS, ...EVIL, ':', '.', '\n', '[', ']', '%', '@', '\u3002', ' ', ':80', '\u0000', '\u212a'],
    values: fc
      .tuple(
        fc.constantFrom(...HOSTS, ...EVIL),
        fc.constantFrom('', ':80', ':8443', '.', ' ', '\n'),
        fc.string({ maxLength: 3 }),
      )
      .map((parts) => parts.join('')),
    check(value) {
      const hosts = linesOf(value);
      const isAllowed = hosts.length === 1 && isAmong(HOSTS, placeOf(value));
      mustAgree(matches(hosts), isAllowed, 'hostMatcher');
      must(!matches([]), 'no host at all is allowed');
      // What passes names the same place to whoever reads it as a URL.
      if (isAllowed)
        must(
          isAmong(HOSTS, placeOf(new URL(`odd://${value.toLowerCase()}`).host)),
          'a URL reads it otherwise',
        );
    },
  };
};

/** All values of `Origin`, one a line: with a list of origins, and with one of hosts. */
export const originTarget = (makeMatcher = originMatcher): Target => {
  const [byList, byHosts] = [makeMatcher(ORIGINS, HOSTS), makeMatcher(undefined, HOSTS)];
  const originOf = (text: string): (Place & { readonly scheme: string }) | undefined => {
    const end = text.indexOf('://');
    const scheme = [...text.slice(0, Math.max(end, 0))]
      .map((c) => (c >= 'A' && c <= 'Z' ? c.toLowerCase() : c))
      .join('');
    const place = end < 1 ? undefined : placeOf(text.slice(end + 3));
    return place && { scheme, host: place.host, port: place.port ?? PORTS[scheme] };
  };
  const listed = ORIGINS.map((origin) => JSON.stringify(originOf(origin)));
  return {
    name: 'origin',
    seeds: [
      ...ORIGINS,
      ...HOSTS.map((host) => `https://${host}`),
      'HTTP://LocalHost:3000',
      'ftp://localhost',
      'https://app.example/',
      'NULL',
      '',
    ],
    pieces: [
      ...ORIGINS,
      ...HOSTS,
      ...EVIL,
      'http://',
      'https://',
      'javascript:',
      '://',
      ':443',
      ':80',
      '\n',
      '/',
      '?',
      '#',
    ],
    values: fc
      .tuple(
        fc.constantFrom('http', 'https', 'HTTPS', 'ftp', 'data', ''),
        fc.constantFrom('://', ':', '//'),
        fc.constantFrom(...HOSTS, ...EVIL),
        fc.constantFrom('', ':443', ':80', ':3000', '/'),
      )
      .map((parts) => parts.join('')),
    check(value) {
      const origins = linesOf(value);
      const origin = originOf(value);
      const isSole = origins.length === 1;
      const isListed = value === 'null' || (origin !== undefined && listed.includes(JSON.stringify(origin)));
      mustAgree(byList(origins), isSole && isListed, 'by a list of origins');
      const isWeb = origin !== undefined && Object.hasOwn(PORTS, origin.scheme);
      mustAgree(byHosts(origins), isSole && isWeb && isAmong(HOSTS, origin), 'by a list of hosts');
      must(byList([]) && byHosts([]), 'no origin at all is refused');
    },
  };
};
