import { expect } from 'chai';

import { formatHash, isAffordable, parseHash } from '../../lib/passwords/phc.js';

describe('isAffordable', () => {
  for (const [ln, r, p] of [
    [10, 1, 1],
    [18, 8, 4],
    [15, 32, 8],
    [16, 32, 4],
    [10, 32, 16],
  ] as const) {
    it(`holds of ln=${ln}, r=${r}, p=${p}`, () => {
      expect(isAffordable({ ln, r, p })).to.equal(true);
    });
  }

  for (const [ln, r, p] of [
    [9, 1, 1],
    [19, 1, 1],
    [10, 0, 1],
    [10, 33, 1],
    [10, 1, 0],
    [10, 1, 17],
    [10.5, 1, 1],
    [18, 9, 1],
    [18, 8, 5],
  ] as const) {
    it(`does not hold of ln=${ln}, r=${r}, p=${p}`, () => {
      expect(isAffordable({ ln, r, p })).to.equal(false);
    });
  }
});

describe('parseHash', () => {
  it('reads what formatHash writes, at both ends of what is allowed', () => {
    for (const [parameters, saltBytes, hashBytes] of [
      [{ ln: 10, r: 1, p: 1 }, 8, 16],
      [{ ln: 18, r: 8, p: 4 }, 64, 64],
    ] as const) {
      const stored = { parameters, salt: Buffer.alloc(saltBytes, 1), hash: Buffer.alloc(hashBytes, 2) };
      expect(parseHash(formatHash(stored))).to.deep.equal(stored);
    }
  });

  it('refuses a salt or a hash that is a byte too short or too long', () => {
    for (const [saltBytes, hashBytes] of [
      [7, 16],
      [65, 16],
      [8, 15],
      [8, 65],
    ] as const) {
      const [salt, hash] = [Buffer.alloc(saltBytes, 1), Buffer.alloc(hashBytes, 2)];
      expect(parseHash(formatHash({ parameters: { ln: 10, r: 1, p: 1 }, salt, hash }))).to.equal(undefined);
    }
  });
});
