import { parseIp } from './ip-address.js';

/**
 * The source that an address stands for in the login limiter: an IPv4 address as it is (also out of IPv4-mapped
 * IPv6), an IPv6 address by its /64, since one host commands a whole /64. Anything else is the one source
 * `'unknown'`. Never throws; never longer than 24 characters.
 */
export function clientKey(ip: string | undefined): string {
  const address = ip === undefined ? undefined : parseIp(ip);
  if (address === undefined) return 'unknown';
  if (address.version === 4) return address.text;
  const prefix = address.groups.slice(0, 4).map((group) => group.toString(16));
  return `${prefix.join(':')}::/64`;
}

/** Whether `ip` is this host itself: 127.0.0.0/8 (also IPv4-mapped) or `::1`. */
export function isLoopback(ip: string | undefined): boolean {
  const address = ip === undefined ? undefined : parseIp(ip);
  if (address === undefined) return false;
  if (address.version === 4) return address.text.startsWith('127.');
  return address.groups.every((group, index) => group === (index === 7 ? 1 : 0));
}
