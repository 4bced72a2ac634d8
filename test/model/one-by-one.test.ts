import { expect } from 'chai';
import fc from 'fast-check';

import { oneByOne } from './run.js';
import { SABOTAGES } from './sabotages.js';

const COUNT = 100;
/** With a defence out, the first of these that meets it is enough. */
const COUNT_BROKEN = 1000;

describe('a model of logins and sessions, one call after the other', function () {
  this.timeout(300_000);

  it(`${COUNT} runs hold what is promised`, async () => {
    const details = await oneByOne({ count: COUNT, seed: 1 });
    if (details.failed) expect.fail(fc.defaultReportMessage(details));
  });

  for (const [what, sabotage] of Object.entries(SABOTAGES)) {
    it(`is seen to fail where ${what}`, async () => {
      const details = await oneByOne({ count: COUNT_BROKEN, seed: 1, sabotage, isFirstEnough: true });
      expect(details.failed).to.equal(true);
    });
  }
});
