import { expect } from 'chai';
import type { Request } from 'express';

import { hasQueryToken, lastGate } from '../../lib/authentication/last-gate.js';
import { RequestState } from '../../lib/request-state.js';

const gateOf = (state: object = {}, authorization: readonly string[] = [], originalUrl = '/mcp'): unknown => {
  const rawHeaders = authorization.flatMap((value) => ['Authorization', value]);
  const request = { rawHeaders, originalUrl } as unknown as Request;
  return lastGate(request, Object.assign(new RequestState(), state));
};

describe('lastGate', () => {
  const principal = { subject: 'ada' };

  it('lets nobody pass but a proven principal', () => {
    expect(gateOf({ principal })).to.equal(undefined);
    expect(gateOf()).to.deep.equal({ code: 'missing_credentials' });
    for (const value of ['Basic x', 'Digest x']) {
      expect(gateOf({}, [value])).to.deep.equal({ code: 'malformed_credentials' });
    }
    expect(gateOf({}, ['Basic x', 'Basic x'])).to.deep.equal({ code: 'ambiguous_credentials' });
    expect(gateOf({}, [], '/mcp?access_token=x')).to.deep.equal({ code: 'ambiguous_credentials' });
  });

  it('B7 repeats a refusal that nobody has lifted, whoever was proven', () => {
    const deferred = { code: 'too_many_attempts', retryAfterSeconds: 5, principal, lift() {} };
    expect(gateOf({ deferred })).to.equal(deferred);
    expect(gateOf({ deferred, principal })).to.equal(deferred);
  });
});

describe('hasQueryToken', () => {
  it('finds a token of whatever value, by its name alone', () => {
    expect(['/mcp?access_token=', '/mcp?a=1&access_token=x'].map(hasQueryToken)).to.deep.equal([true, true]);
    expect(['/mcp', '/mcp?token=x', '/access_token=x'].map(hasQueryToken)).to.deep.equal([
      false,
      false,
      false,
    ]);
  });
});
