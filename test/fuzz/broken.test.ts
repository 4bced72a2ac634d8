import { expect } from 'chai';

import { BROKEN, readAny } from './broken.js';
import { fuzz } from './loop.js';
import { jsonTarget } from './targets/json.js';

const COUNT = 50_000;

describe('what strangers send: a defence that is taken out is noticed', function () {
  this.timeout(120_000);

  for (const [what, target] of BROKEN) {
    it(what, () => {
      expect(fuzz(target, { seed: 1, count: COUNT })?.fault).to.be.a('string');
    });
  }

  it('the same seed tries the same values', () => {
    const first = () => fuzz(jsonTarget(readAny), { seed: 7, count: COUNT });
    expect(first()).to.deep.equal(first());
    expect(first()?.value).to.not.equal(fuzz(jsonTarget(readAny), { seed: 8, count: COUNT })?.value);
  });
});
