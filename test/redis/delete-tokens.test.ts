import { expect } from 'chai';

import { DeleteTokens } from '../../lib/redis/delete-tokens.js';
import { stopClock } from '../support/clock.js';

describe('the tokens of deletions', () => {
  it('are new where nothing is owed', () => {
    const tokens = new DeleteTokens();
    const [first, second] = [tokens.take('a'), tokens.take('a')];
    for (const { isRetry, tokens: own } of [first, second]) {
      expect(isRetry).to.equal(false);
      expect(own).to.have.length(1);
      expect(own[0]).to.match(/^[0-9a-f-]{36}$/);
    }
    expect(first.tokens).not.to.deep.equal(second.tokens);
  });

  it('are those of all that got no answer, and given once', () => {
    const tokens = new DeleteTokens();
    tokens.keep('a', ['1']);
    tokens.keep('a', ['2']);
    expect(tokens.take('a')).to.deep.equal({ tokens: ['1', '2'], isRetry: true });
    expect(tokens.take('a').isRetry).to.equal(false);
  });

  it('are forgotten of those owing longest where there are too many', () => {
    const tokens = new DeleteTokens();
    tokens.keep('session 0', ['old']);
    for (let n = 1; n < 10_000; n += 1) tokens.keep(`session ${n}`, ['token']);
    // Owes anew, so another has owed longest now.
    tokens.keep('session 0', ['new']);
    tokens.keep('one more', ['token']);
    expect(tokens.take('session 1').isRetry).to.equal(false);
    expect(tokens.take('session 2').isRetry).to.equal(true);
    expect(tokens.take('session 0')).to.deep.equal({ tokens: ['old', 'new'], isRetry: true });
  });

  it('are at most eight of one session', () => {
    const tokens = new DeleteTokens();
    for (let n = 0; n < 9; n += 1) tokens.keep('a', [String(n)]);
    expect(tokens.take('a').tokens).to.deep.equal(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  for (const [ms, isRetry] of [
    [599_999, true],
    [600_000, false],
  ] as const) {
    it(`are ${isRetry ? 'known' : 'forgotten, as Redis forgets them,'} after ${ms} ms`, () => {
      using time = stopClock();
      const tokens = new DeleteTokens();
      tokens.keep('a', ['1']);
      time.advance(ms);
      expect(tokens.take('a').isRetry).to.equal(isRetry);
    });
  }
});
