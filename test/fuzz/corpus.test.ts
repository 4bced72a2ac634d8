import { expect } from 'chai';

import { corpusOf } from './corpus.js';
import { faultOf } from './target.js';
import { targets } from './targets/index.js';

describe('what strangers send: values that are kept', () => {
  for (const target of targets) {
    it(target.name, () => {
      const values = [...target.seeds, ...corpusOf(target.name)];
      expect(corpusOf(target.name)).to.not.be.empty;
      for (const value of values) expect(faultOf(target, value), JSON.stringify(value)).to.equal(undefined);
    });
  }
});
