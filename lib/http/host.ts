import { type Authority, parseAuthority, parseConfiguredAuthority } from './authority.js';

/** The names of this host: what is allowed unless the user says otherwise. */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

interface Origin extends Authority {
  readonly scheme: string;
}

type ParseAuthority = typeof parseAuthority;

const SERIALISED_ORIGIN = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/;
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
]);

/**
 * Makes the test for all values of `Host` (RFC 9110 §7.2): exactly one, and it names an allowed host. An allowed host
 * without a port matches any port; with a port, that port alone, spelled out. A trailing dot makes another name.
 *
 * @param allowed host names (Unicode or ASCII), IPv4 addresses or bracketed IPv6 addresses, each with or without port
 * @throws TypeError naming an entry that is no host
 */
export function hostMatcher(allowed: readonly string[]): (rawHosts: readonly string[]) => boolean {
  const isAllowed = authorityMatcher(allowed);
  return function matchesHost(rawHosts) {
    const [host, second] = rawHosts;
    if (host === undefined || second !== undefined) return false;
    const authority = parseAuthority(host);
    return authority !== undefined && isAllowed(authority);
  };
}

/**
 * Makes the test for all values of `Origin`: none at all passes (no browser sent it); else there must be exactly one
 * serialised origin (RFC 6454 §6.2). It must equal one of `allowedOrigins` where those are given (`'null'` among
 * them, if wanted), or else be an http or https origin on one of `allowedHosts`.
 *
 * @throws TypeError naming an entry that is no origin or no host
 */
export function originMatcher(
  allowedOrigins: readonly string[] | undefined,
  allowedHosts: readonly string[],
): (rawOrigins: readonly string[]) => boolean {
  const isOnAllowedHost = webOriginMatcher(allowedHosts);
  const isAllowed = allowedOrigins === undefined ? isOnAllowedHost : exactOriginMatcher(allowedOrigins);
  return function matchesOrigin(rawOrigins) {
    const [origin, second] = rawOrigins;
    return origin === undefined || (second === undefined && isAllowed(origin));
  };
}

function webOriginMatcher(allowedHosts: readonly string[]): (text: string) => boolean {
  const isAllowed = authorityMatcher(allowedHosts);
  return (text) => {
    const origin = parseOrigin(text, parseAuthority);
    return origin !== undefined && DEFAULT_PORTS.has(origin.scheme) && isAllowed(origin);
  };
}

function exactOriginMatcher(allowedOrigins: readonly string[]): (text: string) => boolean {
  const allowed = new Set(
    allowedOrigins.map((entry) => {
      const origin = normaliseOrigin(entry, parseConfiguredAuthority);
      if (origin === undefined)
        throw new TypeError(`allowedOrigins: ${JSON.stringify(entry)} is not an origin`);
      return origin;
    }),
  );
  return (text) => {
    const origin = normaliseOrigin(text, parseAuthority);
    return origin !== undefined && allowed.has(origin);
  };
}

function authorityMatcher(allowedHosts: readonly string[]): (candidate: Authority) => boolean {
  const allowed = new Set(
    allowedHosts.map((entry) => {
      const authority = parseConfiguredAuthority(entry);
      if (authority === undefined)
        throw new TypeError(`allowedHosts: ${JSON.stringify(entry)} is not a host`);
      return hostAndPort(authority);
    }),
  );
  return (candidate) => allowed.has(candidate.host) || allowed.has(hostAndPort(candidate));
}

/** An origin, with the default port of its scheme filled in. */
function parseOrigin(text: string, parse: ParseAuthority): Origin | undefined {
  const [, rawScheme = '', rawAuthority = ''] = SERIALISED_ORIGIN.exec(text) ?? [];
  const scheme = rawScheme.toLowerCase();
  const authority = parse(rawAuthority);
  return authority && { scheme, host: authority.host, port: authority.port ?? DEFAULT_PORTS.get(scheme) };
}

function normaliseOrigin(text: string, parse: ParseAuthority): string | undefined {
  if (text === 'null') return text;
  const origin = parseOrigin(text, parse);
  return origin && `${origin.scheme}://${hostAndPort(origin)}`;
}

function hostAndPort({ host, port }: Authority): string {
  return port === undefined ? host : `${host}:${port}`;
}
