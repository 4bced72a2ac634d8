import fc from 'fast-check';

import { clientKey, isLoopback } from '../../../lib/http/client-key.js';
import { groupsOf, isIpv4, mappedIpv4 } from '../oracle/address.js';
import { must, mustAgree, type Target } from '../target.js';

const MAX_LENGTH = 24;
const hex = (groups: readonly number[]): string => groups.map((group) => group.toString(16)).join(':');

/** An address, as a proxy or the socket tells it. */
export const clientKeyTarget = (keyOf: (ip: string | undefined) => string = clientKey): Target => ({
  name: 'client-key',
  seeds: [
    '127.0.0.1',
    '::1',
    '::ffff:192.0.2.1',
    '2001:db8:1:2:3:4:5:6',
    'fe80::1%eth0',
    '::',
    '1.2.3.4:80',
    '[::1]',
    '0:0:0:0:0:FFFF:c000:201',
    '',
  ],
  pieces: [
    '::',
    ':',
    '.',
    '%',
    '%25',
    'ffff',
    '0',
    '00',
    '255',
    '256',
    '1.2.3.4',
    '2001:db8',
    ' ',
    '\u0663',
    'x',
    '[',
    ']',
    '/64',
  ],
  values: fc.oneof(
    fc.ipV6(),
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.tuple(fc.ipV6(), fc.string({ maxLength: 4 })).map(([ip, zone]) => `${ip}%${zone}`),
    fc.ipV4().map((ip) => `::ffff:${ip}`),
    fc.string({ maxLength: 20 }),
  ),
  check(value) {
    const key = keyOf(value);
    must(key.length <= MAX_LENGTH, `a key of ${key.length}`);
    if (isIpv4(value)) {
      mustAgree(key, value, 'IPv4');
      return;
    }
    const groups = groupsOf(value);
    if (key === 'unknown') {
      must(!isLoopback(value), 'an address that is none is this host');
      return;
    }
    must(groups !== undefined, 'what is no address has a key of its own');
    const ipv4 = mappedIpv4(groups);
    mustAgree(key, ipv4 ?? `${hex(groups.slice(0, 4))}::/64`, 'the key');
    mustAgree(isLoopback(value), ipv4?.startsWith('127.') ?? hex(groups) === '0:0:0:0:0:0:0:1', 'isLoopback');
    mustAgree(keyOf(hex(groups)), key, 'another spelling');
    // The /64 of mapped addresses is the one that holds all of IPv4.
    if (ipv4 === undefined && groups.slice(0, 4).some((group) => group !== 0)) {
      mustAgree(
        keyOf(hex([...groups.slice(0, 4), 0xffff, 1, value.length, 0])),
        key,
        'a neighbour in its /64',
      );
    }
  },
});
