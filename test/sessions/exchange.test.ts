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

  it('ends once, says with what, and stops the work for it', () => {
    const codes: string[] = [];
    const exchange = exchangeOf(ada, codes);
    let stopped = 0;
    exchange.onEnd = () => {
      stopped += 1;
    };
    exchange.end('closing');
    exchange.end('session_not_found');
    expect([codes, stopped]).to.deep.equal([['closing'], 1]);
  });

  it('tells why a session is over that lives as long as it does', () => {
    const reasons = (['invalid_credentials', 'session_not_found', 'closing', 'unavailable'] as const).map(
      (code) => {
        const exchange = exchangeOf(ada);
        exchange.end(code);
        return exchange.endReason;
      },
    );
    expect([exchangeOf(ada).endReason, ...reasons]).to.deep.equal([
      'deleted',
      'expired',
      'revoked',
      'shutdown',
      'failed',
    ]);
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
