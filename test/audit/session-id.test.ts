import { randomBytes, randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { mostBits, shapedLike } from '../../lib/audit/session-id.js';

const five = (make: (n: number) => string): string[] => Array.from({ length: 5 }, (_, n) => make(n));

describe('the bits of session ids', () => {
  it('are many where ids are random, whatever is around them', () => {
    for (const make of [
      randomUUID,
      () => randomBytes(32).toString('base64url'),
      () => randomBytes(16).toString('hex'),
      () => `session-${randomUUID()}-of-node-1`,
    ]) {
      expect(mostBits(five(() => make()))).to.be.above(100);
    }
  });

  it('are few where ids are counted, short or times', () => {
    for (const make of [
      (n: number) => `${1000 + n}`,
      (n: number) => `session-of-a-very-long-name-${n}`,
      (n: number) => `${n}0000000-0000-1000-8000-00805f9b34fb`,
      () => randomBytes(4).toString('hex'),
      (n: number) => `1763${n}59012345`,
    ]) {
      expect(mostBits(five(make)), make(1)).to.be.below(64);
    }
  });

  const EXACT: readonly (readonly [readonly string[], number, number])[] = [
    [['19', '28'], 2, 10],
    [['a1', 'b2'], 2, 16],
    [['A1', 'B2'], 2, 16],
    [['a-1', 'b-2'], 2, 16],
    [['A-1', 'B-2'], 2, 16],
    [['g1', 'h2'], 2, 36],
    [['G_1', 'H_2'], 3, 36],
    [['g_-1', 'h_-2'], 3, 36],
    [['Ag', 'Bh'], 2, 64],
    [['A-_9', 'b-_z'], 3, 64],
    [['a!', 'b?'], 2, 94],
    [['same', 'same'], 0, 10],
    [['ab1', 'ab2', 'ab3'], 1, 10],
    [['1ab', '2ab', '3ab'], 1, 10],
    [['1a', '1b', '2a'], 2, 16],
    [['1', '123'], 2, 10],
    [['aa', 'a'], 1, 16],
    [[''], 0, 10],
  ];
  for (const [ids, length, size] of EXACT) {
    it(`are those of ${length} characters of ${size} for ${ids.join(' ')}`, () => {
      expect(mostBits(ids)).to.equal(length * Math.log2(size));
    });
  }
});

describe('an id that nobody has given out', () => {
  it('has the shape of one that somebody has', () => {
    const other = shapedLike('0a9f-ZZzz_09-._~');
    expect(other).to.match(/^\d[a-f]\d[a-f]-[G-Z]{2}[g-z]{2}_\d\d-\._~$/);
    expect(shapedLike('ABCDEF')).to.match(/^[A-F]{6}$/);
    expect(shapedLike(randomUUID())).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('has any character of the same kind in place of each', () => {
    for (const [character, kind, count] of [
      ['5', /^\d+$/, 10],
      ['b', /^[a-f]+$/, 6],
      ['m', /^[g-z]+$/, 20],
      ['B', /^[A-F]+$/, 6],
      ['M', /^[G-Z]+$/, 20],
      ['-', /^-+$/, 1],
    ] as const) {
      const made = shapedLike(character.repeat(2000));
      expect(made).to.match(kind).and.to.have.length(2000);
      expect(new Set(made).size, character).to.equal(count);
    }
  });

  it('is another each time', () => {
    const id = randomUUID();
    expect(new Set([id, ...five(() => shapedLike(id))]).size).to.equal(6);
  });
});
