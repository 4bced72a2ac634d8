import { expect } from 'chai';

import { Exchange } from '../../lib/sessions/exchange.js';
import { ada, exchangeOf, fakeKeeper } from './support.js';

describe('Exchange', () => {
  it("ends with its principal's time, in milliseconds", () => {
    expect(exchangeOf({ ...ada, expiresAt: 1_700_000_000.5 }).expiresAt).to.equal(1_700_000_000_500);
  });

  it('never ends by itself where its principal has no end', () => {
    expect(exchangeOf(ada).expiresAt).to.equal(Number.POSITIVE_INFINITY);
  });

  it('says with what it ended, each time', () => {
    const codes: string[] = [];
    const exchange = exchangeOf(ada, codes);
    exchange.end('closing');
    exchange.end('session_not_found');
    expect(codes).to.deep.equal(['closing', 'session_not_found']);
  });

  it('begins without a failed recheck', () => {
    const keeper = fakeKeeper();
    const exchange = new Exchange(ada, keeper, 5, () => {});
    expect(exchange).to.include({
      principal: ada,
      keeper,
      nextRecheckAt: 5,
      failedRechecks: 0,
      isRechecking: false,
    });
  });
});
