import { expect } from 'chai';

import { basicStrategy, bearerStrategy } from '../../lib/authentication/strict-strategies.js';
import type { VerifyContext } from '../../lib/types.js';
import { basic } from '../support/call.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';

const contextOf = (...authorization: readonly string[]): VerifyContext =>
  ({
    request: { headers: {}, rawHeaders: authorization.flatMap((value) => ['Authorization', value]) },
    signal: new AbortController().signal,
  }) as unknown as VerifyContext;

const ANN = { username: 'ann', password: 'a:b' };

describe('basicStrategy and bearerStrategy', () => {
  failsOnUnhandledRejections();

  it('hand the verifier what it is to verify, and the context of the guard', async () => {
    const seen: unknown[][] = [];
    const verify = (...args: unknown[]): null => {
      seen.push(args);
      return null;
    };
    const named = contextOf(basic('ann', 'a:b'));
    const borne = contextOf('Bearer the.token');
    await basicStrategy(verify)(named);
    await bearerStrategy(verify)(borne);
    expect(seen).to.have.length(2);
    expect(seen[0]?.[0]).to.deep.include(ANN);
    expect(seen[1]?.[0]).to.deep.include({ token: 'the.token' });
    expect([seen[0]?.[1], seen[1]?.[1]]).to.deep.equal([named, borne]);
  });

  for (const answer of [null, false, undefined, 0, '', { subject: 'ann' }, 'ann']) {
    it(`give back what it answers: ${JSON.stringify(answer)}`, async () => {
      expect(await basicStrategy(() => answer)(contextOf(basic('ann', 'x')))).to.equal(answer);
      expect(await bearerStrategy(async () => answer)(contextOf('Bearer x'))).to.equal(answer);
    });
  }

  it('fail as it fails', async () => {
    const error = new Error('down');
    for (const verify of [
      () => {
        throw error;
      },
      () => Promise.reject(error),
    ]) {
      const failed = basicStrategy(verify)(contextOf(basic('ann', 'x')));
      expect(await failed.catch((reason: unknown) => reason)).to.equal(error);
    }
  });

  it('ask it nothing about what is none of theirs, or cannot be read', async () => {
    const asked: unknown[] = [];
    const verify = (credentials: unknown): object => {
      asked.push(credentials);
      return {};
    };
    for (const authorization of [
      ...[[], ['Basic'], ['Basic !'], ['Basic YW5u']],
      ...[['Bearer YTpi'], ['XBasic YTpi'], ['Basic YTpi', 'Basic YTpi']],
    ]) {
      expect(await basicStrategy(verify)(contextOf(...authorization)), String(authorization)).to.equal(null);
    }
    for (const authorization of [[], ['Bearer'], ['Bearer a b'], ['Basic YTpi'], ['Bearer x', 'Bearer x']]) {
      expect(await bearerStrategy(verify)(contextOf(...authorization)), String(authorization)).to.equal(null);
    }
    expect(asked).to.deep.equal([]);
  });
});
