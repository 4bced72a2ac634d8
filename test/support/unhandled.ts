import { expect } from 'chai';

import { catchRejections, type Rejections } from './rejections.js';

/** Makes every test of the suite it is called in fail where it leaves a rejection that nobody handles. */
export function failsOnUnhandledRejections(): void {
  let rejections: Rejections;
  beforeEach(() => {
    rejections = catchRejections();
  });
  afterEach(async () => {
    // Node tells when the microtasks are done.
    await new Promise((resolve) => setImmediate(resolve));
    rejections[Symbol.dispose]();
    expect(rejections.reasons, 'unhandled rejections').to.deep.equal([]);
  });
}
