import { isIPv6 } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { clientKey, isLoopback } from '../../lib/http/client-key.js';

describe('clientKey', () => {
  const cases: readonly (readonly [key: string, spellings: readonly (string | undefined)[]])[] = [
    [
      '1.2.3.4',
      [
        '1.2.3.4',
        '::ffff:1.2.3.4',
        '::FFFF:1.2.3.4',
        '::ffff:102:304',
        '0:0:0:0:0:ffff:0102:0304',
        '0:0:0:0:0:ffff:1.2.3.4',
        '0000:0000:0000:0000:0000:ffff:102:304',
        '0::ffff:1.2.3.4',
        '::ffff:1.2.3.4%eth0',
      ],
    ],
    ['255.255.255.255', ['255.255.255.255', '::ffff:ffff:ffff', '::ffff:255.255.255.255']],
    ['0.0.0.0', ['0.0.0.0', '::ffff:0:0', '::ffff:0.0.0.0']],
    [
      '2001:db8:1:2::/64',
      [
        '2001:db8:1:2::1',
        '2001:DB8:1:2:ffff::1.2.3.4',
        '2001:0db8:0001:0002:0000:0000:0000:0000',
        '2001:db8:1:2::',
        '2001:db8:1:2:3:4:5:6',
        '2001:db8:1:2:3:4:5::',
      ],
    ],
    ['2001:db8:1:3::/64', ['2001:db8:1:3::1']],
    ['2001:db8:0:0::/64', ['2001:db8::1', '2001:db8:0::', '2001:db8::ffff:1.2.3.4']],
    ['fe80:0:0:0::/64', ['fe80::1', 'fe80::1%eth0', 'fe80::2%1', 'FE80::']],
    ['0:0:0:0::/64', ['::1', '::', '0:0:0:0:0:0:0:1', '::1.2.3.4', '::fffe:1.2.3.4', '::1:ffff:1.2.3.4']],
    ['0:1:2:3::/64', ['::1:2:3:4:5:6:7']],
    [
      'unknown',
      [
        undefined,
        '',
        'unknown',
        '1.2.3.4:5678',
        '1.2.3.4%eth0',
        '1.2.3',
        '1.2.3.256',
        '01.2.3.4',
        '0x7f.0.0.1',
        ' 1.2.3.4',
        '1.2.3.4, 5.6.7.8',
        '[::1]',
        '::1::2',
        ':::',
        '1:2:3:4:5:6:7',
        '1:2:3:4:5:6:7:8:9',
        '2001:db8::12345',
        '::ffff:1.2.3',
        'localhost',
        '__proto__',
        '::1\0',
        '1'.repeat(100_000),
        ':'.repeat(100_000),
      ],
    ],
  ];
  for (const [key, spellings] of cases) {
    for (const ip of spellings) {
      it(`takes ${JSON.stringify(ip?.slice(0, 40))} for ${key} [B12]`, () => {
        expect(clientKey(ip)).to.equal(key);
      });
    }
  }

  it('gives one key to all of an IPv6 /64, and another to the next [B3]', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
    const write = (list: readonly number[]) => list.map((value) => value.toString(16)).join(':');
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), ([a = 0, ...network], one, two) => {
        // The first group is kept from 0, under which the mapped addresses live.
        const prefix = write([a || 1, ...network]);
        const key = clientKey(`${prefix}:${write(one)}`);
        expect(clientKey(`${prefix}:${write(two)}`)).to.equal(key);
        expect(clientKey(`${write([(a || 1) ^ 0x8000, ...network])}:${write(two)}`)).to.not.equal(key);
        expect(clientKey(key.replace('/64', '1'))).to.equal(key);
      }),
    );
  });

  it('takes every spelling of an IPv4 address for that address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
        const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
        for (const spelling of [
          ip,
          `::ffff:${ip}`,
          `::ffff:${hex}`,
          `0:0::ffff:${hex}`,
          `::FFFF:${hex}%lo`,
        ]) {
          expect(clientKey(spelling)).to.equal(ip);
        }
      }),
    );
  });

  it('is short and never throws', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.ipV6(),
      fc.stringMatching(/^[0-9a-f:.%]{0,50}$/),
    );
    fc.assert(
      fc.property(anything, (ip) => {
        expect(clientKey(ip)).to.have.length.at.most(24);
        expect(clientKey(ip) === 'unknown').to.equal(!isIPv6(ip) && !/^\d+(\.\d+){3}$/.test(ip));
        isLoopback(ip);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('isLoopback', () => {
  for (const ip of [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::1%lo',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:FFFF:7f01:0203',
  ]) {
    it(`is true for ${ip}`, () => {
      expect(isLoopback(ip)).to.equal(true);
    });
  }

  for (const ip of [
    undefined,
    '',
    'localhost',
    '128.0.0.1',
    '126.255.255.255',
    '12.7.0.0',
    '127.1',
    '0.0.0.0',
    '::',
    '::2',
    '1::1',
    '::1:0:1',
    '::127.0.0.1',
    '::ffff:128.0.0.1',
    '::ffff:0:127.0.0.1',
    'fe80::1',
    '127.0.0.1.nip.io',
    '127.0.0.1:80',
    '[::1]',
  ]) {
    it(`is false for ${ip}`, () => {
      expect(isLoopback(ip)).to.equal(false);
    });
  }
});
