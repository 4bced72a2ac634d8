import { expect } from 'chai';
import type { Request } from 'express';

import { presentAuthorization } from '../../lib/authentication/presented.js';
import { RequestState } from '../../lib/request-state.js';

const PRESENTED = { key: 'k', credentials: {} };

/** What is presented of scheme `key`, and what was parsed for that. */
function present(authorization: readonly string[]) {
  const values: string[] = [];
  const rawHeaders = authorization.flatMap((value) => ['Authorization', value]);
  const outcome = presentAuthorization(
    { rawHeaders } as unknown as Request,
    new RequestState(),
    'key',
    (value) => {
      values.push(value);
      return PRESENTED;
    },
  );
  return { outcome, values };
}

describe('presentAuthorization', () => {
  it('presents what follows the scheme, in any case', () => {
    for (const scheme of ['Key', 'key', 'KEY']) {
      expect(present([`${scheme} a b`])).to.deep.equal({ outcome: PRESENTED, values: ['a b'] });
    }
  });

  it('presents nothing without a header, or of another scheme', () => {
    for (const authorization of [[], ['Keys a'], ['Basic a'], ['']]) {
      expect(present(authorization).values, String(authorization)).to.deep.equal([]);
    }
    expect(present([]).outcome).to.equal(undefined);
    expect(present(['Basic a']).outcome).to.equal(undefined);
  });

  it('refuses two headers, whatever they say', () => {
    const { outcome, values } = present(['Key a', 'Key a']);
    expect(outcome).to.deep.equal({ code: 'ambiguous_credentials' });
    expect(values).to.deep.equal([]);
  });

  it('refuses what cannot be parsed', () => {
    const parse = () => undefined;
    const rawHeaders = ['Authorization', 'Key a'];
    const request = { rawHeaders } as unknown as Request;
    expect(presentAuthorization(request, new RequestState(), 'key', parse)).to.deep.equal({
      code: 'malformed_credentials',
    });
  });
});
