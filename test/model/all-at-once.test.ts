import { expect } from 'chai';
import fc from 'fast-check';

import { allAtOnce } from './all-at-once.js';
import { RACY } from './sabotages.js';

const COUNT = 100;
/** With a defence out, the first of these that meets it is enough. */
const COUNT_BROKEN = 2000;

describe('a model of logins and sessions, all at once', function () {
  this.timeout(300_000);

  it(`${COUNT} runs hold what is promised, in whatever order answers come`, async () => {
    const details = await allAtOnce({ count: COUNT, seed: 1 });
    if (details.failed) expect.fail(fc.defaultReportMessage(details));
  });

  for (const [what, sabotage] of Object.entries(RACY)) {
    it(`is seen to fail where ${what}`, async () => {
      const details = await allAtOnce({ count: COUNT_BROKEN, seed: 1, sabotage, isFirstEnough: true });
      expect(details.failed).to.equal(true);
    });
  }
});
