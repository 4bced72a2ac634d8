import { expect } from 'chai';

import { proofCacheOf, proofCacheRule } from '../../lib/authentication/proof-cache-option.js';

describe('proofCacheRule', () => {
  for (const value of [
    false,
    {},
    { ttlSeconds: 0.5 },
    { max: 1 },
    { ttlSeconds: 60, max: 5 },
    { ttlSeconds: undefined, max: undefined },
  ]) {
    it(`takes ${JSON.stringify(value)}`, () => {
      expect(proofCacheRule.test(value)).to.equal(true);
    });
  }

  for (const value of [
    ...[true, null, 5, 'x', [60], { other: 1 }, { ttlSeconds: 0 }, { ttlSeconds: 1, other: 1 }],
    ...[{ max: 0.5 }, { ttlSeconds: 60, max: 0 }, { ttlSeconds: 'x', max: 5 }, { max: null }],
  ]) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      expect(proofCacheRule.test(value)).to.equal(false);
    });
  }
});

describe('proofCacheOf', () => {
  it('remembers ten thousand proofs for a minute unless it is told otherwise', () => {
    expect(proofCacheOf()).to.deep.equal({ ttlSeconds: 60, max: 10_000 });
    expect(proofCacheOf({ ttlSeconds: 5 })).to.deep.equal({ ttlSeconds: 5, max: 10_000 });
    expect(proofCacheOf({ max: 5 })).to.deep.equal({ ttlSeconds: 60, max: 5 });
    expect(proofCacheOf(false)).to.equal(false);
  });
});
