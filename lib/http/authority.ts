import { domainToASCII } from 'node:url';
import { parseIp } from './ip-address.js';

/** Where a `Host` or an `Origin` points. */
export interface Authority {
  /** Lower-case ASCII name or IPv4 address, or a bracketed IPv6 address in one canonical spelling. */
  readonly host: string;
  readonly port: string | undefined;
}

/** `host [":" port]` of RFC 3986 §3.2: no userinfo, no empty port, no zone. */
const AUTHORITY = /^(?:\[([^[\]%]*)\]|([^:[\]]+))(?::([1-9][0-9]{0,4}))?$/;
const MAX_PORT = 65_535;
const ASCII_NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;
/** What `domainToASCII` would cut off, decode or skip rather than refuse. */
const NO_NAME = /[\s%/?#@\\]/;

/** Reads what a client sent, strictly: `undefined` for anything that is not exactly a host, with or without port. */
export function parseAuthority(text: string): Authority | undefined {
  return parse(text, asciiName);
}

/** As `parseAuthority`, for what a user configures: the name may be in Unicode (IDNA, RFC 5891). */
export function parseConfiguredAuthority(text: string): Authority | undefined {
  return parse(text, (name) => asciiName(name) ?? unicodeName(name));
}

function parse(text: string, readName: (name: string) => string | undefined): Authority | undefined {
  const [, ipv6, name = '', port] = AUTHORITY.exec(text) ?? [];
  const host = ipv6 === undefined ? readName(name) : bracketed(ipv6);
  if (host === undefined || Number(port ?? 0) > MAX_PORT) return undefined;
  return { host, port };
}

function asciiName(name: string): string | undefined {
  return ASCII_NAME.test(name) ? name.toLowerCase() : undefined;
}

function unicodeName(name: string): string | undefined {
  return NO_NAME.test(name) ? undefined : asciiName(domainToASCII(name));
}

function bracketed(text: string): string | undefined {
  const address = text.includes(':') ? parseIp(text) : undefined;
  if (address === undefined) return undefined;
  if (address.version === 4) return `[::ffff:${address.text}]`;
  return `[${address.groups.map((group) => group.toString(16)).join(':')}]`;
}
