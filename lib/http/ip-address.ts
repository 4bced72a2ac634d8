import { isIP } from 'node:net';

/** An address in its one canonical form: IPv4 as dotted decimal, IPv6 as its eight groups. */
export type IpAddress =
  | { readonly version: 4; readonly text: string }
  | { readonly version: 6; readonly groups: readonly number[] };

/**
 * Reads an address in any spelling; IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) becomes the IPv4 address it holds,
 * a zone id (RFC 4007 §11) is dropped. `undefined` for anything else.
 */
export function parseIp(text: string): IpAddress | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return { version, text };

  const groups = ipv6Groups(text.replace(/%.*/s, ''));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return { version: 6, groups };
  return { version: 4, text: groups.slice(6).flatMap(octets).join('.') };
}

/** The eight groups of a valid IPv6 address without zone. */
function ipv6Groups(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const before = readGroups(head);
  if (tail === undefined) return before;
  const after = readGroups(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function readGroups(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((part) => (part.includes('.') ? ipv4Groups(part) : Number.parseInt(part, 16)));
}

function ipv4Groups(text: string): number[] {
  const bits = text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [Math.floor(bits / 0x10000), bits % 0x10000];
}

function octets(group: number): number[] {
  return [group >> 8, group & 0xff];
}
