import { expect } from 'chai';

import { type Refusal, refusalOf, tell } from '../../lib/authentication/refusal.js';
import type { GuardNews } from '../../lib/events.js';
import { RequestState } from '../../lib/request-state.js';

const told = (refusal: Partial<Refusal>, client?: string): readonly GuardNews[] => {
  const news: GuardNews[] = [];
  const state = Object.assign(new RequestState(), client !== undefined && { question: { client } });
  tell((piece) => news.push(piece), state, { kind: 'denied', ...refusal } as Refusal);
  return news;
};

describe('refusalOf', () => {
  it('has the code of a denial for its reason', () => {
    expect(refusalOf({ code: 'malformed_credentials' })).to.deep.equal({
      kind: 'denied',
      code: 'malformed_credentials',
      reason: 'malformed_credentials',
      retryAfterSeconds: undefined,
    });
    expect(refusalOf({ code: 'unavailable', retryAfterSeconds: 3 })).to.include({ retryAfterSeconds: 3 });
  });
});

describe('tell', () => {
  it('says that somebody has to wait, and for how long', () => {
    const code = 'too_many_attempts';
    expect(told({ code, reason: code, retryAfterSeconds: 7 })).to.deep.equal([
      { type: 'auth.throttled', retryAfterSeconds: 7 },
    ]);
    expect(told({ code, reason: code }, '192.0.2.1')).to.deep.equal([
      { type: 'auth.throttled', retryAfterSeconds: 1, client: '192.0.2.1' },
    ]);
  });

  it('says that nothing could be proven', () => {
    const outage = { code: 'unavailable', reason: 'verifier_timeout' } as const;
    expect(told(outage)).to.deep.equal([{ type: 'auth.unavailable', reason: 'verifier_timeout' }]);
    expect(told(outage, '192.0.2.1')).to.deep.equal([
      { type: 'auth.unavailable', reason: 'verifier_timeout', client: '192.0.2.1' },
    ]);
  });

  it('says that a credential proves nobody', () => {
    const wrong = { code: 'invalid_credentials', reason: 'invalid_credentials' } as const;
    expect(told(wrong)).to.deep.equal([{ type: 'auth.failed', reason: 'invalid_credentials' }]);
    expect(told(wrong, '192.0.2.1')).to.deep.equal([
      { type: 'auth.failed', reason: 'invalid_credentials', client: '192.0.2.1' },
    ]);
  });
});
