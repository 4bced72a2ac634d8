import { expect } from 'chai';
import fc from 'fast-check';

import { fuzz } from './loop.js';
import { targets } from './targets/index.js';

/** 200,000 values in all: from the grammar of each target, and changed ones. */
const COUNT = 200_000;
const FROM_GRAMMAR = 1000;
const CHANGED = Math.ceil(COUNT / targets.length) - FROM_GRAMMAR;

describe('what strangers send: any value', function () {
  // Some seconds of computing, on a machine that may have other work.
  this.timeout(120_000);

  for (const target of targets) {
    it(`${target.name}: built by its grammar`, () => {
      fc.assert(
        fc.property(target.values, (value) => target.check(value)),
        { numRuns: FROM_GRAMMAR },
      );
    });

    it(`${target.name}: changed in a few places`, () => {
      expect(fuzz(target, { seed: 1, count: CHANGED })).to.equal(undefined);
    });
  }
});
