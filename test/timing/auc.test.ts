import { expect } from 'chai';
import fc from 'fast-check';

import { auc } from './auc.js';

describe('the area under the ROC curve', () => {
  it('is half where both are the same, one where the others are all larger', () => {
    expect(auc([1, 2, 3], [1, 2, 3])).to.equal(0.5);
    expect(auc([1, 1], [1, 1])).to.equal(0.5);
    expect(auc([1, 2], [3, 4])).to.equal(1);
    expect(auc([3, 4], [1, 2])).to.equal(0);
    expect(auc([1, 3], [2, 2])).to.equal(0.5);
  });

  it('is the part of all pairs in which the other is larger, ties counted half', () => {
    const values = fc.array(fc.nat(9), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, values, (ones, others) => {
        const pairs = ones.flatMap((one) =>
          others.map((other) => (other > one ? 1 : other === one ? 0.5 : 0)),
        );
        const expected = pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length;
        expect(auc(ones, others)).to.be.closeTo(expected, 1e-9);
      }),
    );
  });
});
