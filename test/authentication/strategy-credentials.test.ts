import { expect } from 'chai';
import type { Request } from 'express';

import {
  ownedScheme,
  type SchemeOption,
  type StrategyCredentials,
  schemeRule,
} from '../../lib/authentication/strategy-credentials.js';
import { RequestState } from '../../lib/request-state.js';
import { basic } from '../support/call.js';

interface Outcome {
  readonly key?: string;
  readonly account?: string;
  readonly code?: string;
  readonly credentials?: StrategyCredentials;
}

const presented = (option: SchemeOption, ...rawHeaders: readonly string[]): Outcome | undefined =>
  ownedScheme(option).present({ rawHeaders } as unknown as Request, new RequestState()) as
    | Outcome
    | undefined;

describe('schemeRule', () => {
  for (const value of ['Basic', 'X-Key', { scheme: 'X-Key' }, { header: 'apikey' }]) {
    it(`takes ${JSON.stringify(value)}`, () => {
      expect(schemeRule.test(value)).to.equal(true);
    });
  }

  for (const value of [
    ...['', 'X Key', 5, null, undefined, [], ['Basic'], {}, { other: 'x' }, { header: '' }, { header: 5 }],
    { scheme: 'x', header: 'y' },
    Object.assign(() => {}, { header: 'x' }),
  ]) {
    it(`refuses ${typeof value} ${JSON.stringify(value)}`, () => {
      expect(schemeRule.test(value)).to.equal(false);
    });
  }
});

describe('ownedScheme', () => {
  it('is a header where its name has a dash, or where that is said', () => {
    expect(ownedScheme('X-Key')).to.include({ name: 'X-Key', header: 'x-key' });
    expect(ownedScheme({ header: 'APIKey' })).to.include({ name: 'APIKey', header: 'apikey' });
    expect(ownedScheme('ApiKey')).to.include({ name: 'ApiKey', header: undefined });
    expect(ownedScheme({ scheme: 'X-Key' })).to.include({ name: 'X-Key', header: undefined });
  });

  it('presents what its header has, once', () => {
    expect(presented('X-Key', 'x-key', 'k')).to.have.keys('key', 'credentials');
    expect(presented('X-Key', 'x-key', 'k')?.credentials).to.deep.equal({});
    expect(presented('X-Key', 'X-KEY', 'k')?.key).to.equal(presented('X-Key', 'x-key', 'k')?.key);
    expect(presented('X-Key', 'x-key', 'other')?.key).to.not.equal(presented('X-Key', 'x-key', 'k')?.key);
    expect(presented('X-Key', 'x-other', 'k')).to.equal(undefined);
    expect(presented('X-Key', 'x-key', '')).to.deep.equal({ code: 'malformed_credentials' });
    const twice = presented('X-Key', 'x-key', 'k', 'X-Key', 'k');
    expect(twice).to.deep.equal({ code: 'ambiguous_credentials' });
  });

  it('presents what follows its scheme', () => {
    expect(presented('ApiKey', 'Authorization', 'apikey k')).to.have.keys('key', 'credentials');
    expect(presented('ApiKey', 'Authorization', 'Basic k')).to.equal(undefined);
    expect(presented('ApiKey')).to.equal(undefined);
    expect(presented('ApiKey', 'Authorization', 'ApiKey')).to.deep.equal({ code: 'malformed_credentials' });
  });

  it('presents Basic with the account, and the name and password where strategies read them', () => {
    const { account, credentials } = presented('basic', 'Authorization', basic('Ann', 'right')) ?? {};
    expect(account).to.equal('ann');
    expect(credentials?.body).to.deep.include({ username: 'Ann', password: 'right' });
  });

  it('refuses Basic without a name, or with one that names no account', () => {
    for (const value of [
      'Basic',
      'Basic !',
      basic('', 'right'),
      basic(' ', 'right'),
      basic('\u00ad', 'right'),
    ]) {
      expect(presented('Basic', 'Authorization', value), value).to.deep.equal({
        code: 'malformed_credentials',
      });
    }
  });
});
