import { createHash, createHmac } from 'node:crypto';

import { expect } from 'chai';
import fc from 'fast-check';

import { digest, fingerprint, keyedDigest, secretsEqual } from '../../lib/credentials/fingerprint.js';

const lists = fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 });

describe('fingerprint', () => {
  it('is the same for the same parts, 32 bytes in base64url', () => {
    expect(fingerprint('ada', 'secret')).to.equal(fingerprint('ada', 'secret'));
    expect(fingerprint('ada', 'secret')).to.match(/^[\w-]{43}$/);
    expect(fingerprint('x'.repeat(1_000_000))).to.have.length(43);
  });

  it('A6 tells every two lists of parts apart', () => {
    const tricky = [
      [],
      [''],
      ['', ''],
      ['a', 'b'],
      ['ab'],
      ['a,b'],
      ['a","b'],
      ['["a","b"]'],
      ['a', 'b', ''],
    ];
    expect(new Set(tricky.map((parts) => fingerprint(...parts))).size).to.equal(tricky.length);
    fc.assert(
      fc.property(lists, lists, (a, b) => {
        const isSame = JSON.stringify(a) === JSON.stringify(b);
        return (fingerprint(...a) === fingerprint(...b)) === isSame;
      }),
    );
  });

  it('depends on a key of this process, so that no dictionary of hashes finds a password', async () => {
    expect(fingerprint('secret')).to.not.equal(digest('secret'));
    const again = '../../lib/credentials/fingerprint.js?as-another-process';
    const other = (await import(again)) as { fingerprint: typeof fingerprint; digest: typeof digest };
    expect(other.fingerprint).to.not.equal(fingerprint);
    expect(other.fingerprint('secret')).to.not.equal(fingerprint('secret'));
    expect(other.digest('name')).to.equal(digest('name'));
  });
});

describe('digest', () => {
  it('is SHA-256 over the parts as JSON, so that nodes agree on it', () => {
    const expected = createHash('sha256').update('["ip","192.0.2.1"]').digest('base64url');
    expect(digest('ip', '192.0.2.1')).to.equal(expected);
  });

  it('A6 tells lists of parts apart', () => {
    expect(digest('a', 'b')).to.not.equal(digest('ab'));
    expect(digest('a:b', 'c')).to.not.equal(digest('a', 'b:c'));
  });
});

describe('keyedDigest', () => {
  it('is HMAC-SHA-256 over the parts as JSON, so that nodes with one key agree on it', () => {
    const expected = createHmac('sha256', 'key').update('["identity","text"]').digest('base64url');
    expect(keyedDigest('key', 'identity', 'text')).to.equal(expected);
    expect(keyedDigest(Buffer.from('key'), 'identity', 'text')).to.equal(expected);
    expect(keyedDigest('other', 'identity', 'text')).to.not.equal(expected);
  });

  it('A6 tells lists of parts apart', () =>
    expect(keyedDigest('key', 'a', 'b')).to.not.equal(keyedDigest('key', 'ab')));
});

describe('secretsEqual', () => {
  const cases: readonly (readonly [a: string, b: string, isEqual: boolean])[] = [
    ['', '', true],
    ['secret', 'secret', true],
    ['pass\u00e9', 'pass\u00e9', true],
    ['', 'a', false],
    ['a', 'a\0', false],
    ['a\0', 'a', false],
    ['secret', 'secret ', false],
    ['secret', 'Secret', false],
    ['secret', 'secreT', false],
    ['x'.repeat(100_000), 'x'.repeat(99_999), false],
  ];
  for (const [a, b, isEqual] of cases) {
    it(`${JSON.stringify(a.slice(0, 12))} and ${JSON.stringify(b.slice(0, 12))}: ${isEqual}`, () => {
      expect(secretsEqual(a, b)).to.equal(isEqual);
      expect(secretsEqual(b, a)).to.equal(isEqual);
    });
  }
});
