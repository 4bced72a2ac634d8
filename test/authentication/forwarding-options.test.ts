import { expect } from 'chai';

import { checkForwarding, originsOf } from '../../lib/authentication/forwarding-options.js';

const headers = ['X-Key', 'X-Org'];

const refusal = (options: object): string => {
  try {
    checkForwarding({ headers, ...options });
  } catch (error) {
    expect(error).to.be.instanceOf(TypeError);
    return (error as Error).message;
  }
  return 'taken';
};

const MUST = (option: string, must: string): string =>
  `mcpForwardedCredentials: option "${option}" must ${must}`;

describe('checkForwarding', () => {
  it('takes headers alone, and everything that goes with them', () => {
    expect(refusal({})).to.equal('taken');
    for (const upstream of [['https://api.example'], ['https://a.example', 'http://127.0.0.1:8080']]) {
      expect(refusal({ upstream, required: ['x-org'], secret: 's'.repeat(32), scheme: 'Key' })).to.equal(
        'taken',
      );
    }
    const identify = () => null;
    expect(refusal({ identify, timeoutMs: 5, maxConcurrent: 2, proofCache: false })).to.equal('taken');
  });

  it('refuses origins of which one is none, or that would go in the clear', () => {
    for (const upstream of [
      ['https://api.example', 'http://api.example'],
      ['api.example'],
      'https://a.example',
    ]) {
      expect(refusal({ upstream })).to.include('option "upstream" must be an array of origins');
    }
  });

  it('says how long a secret must be', () => {
    for (const secret of ['s'.repeat(31), new Uint8Array(31), 5]) {
      const said = refusal({ secret });
      expect(said).to.include(MUST('secret', 'be a string or bytes, at least 32 bytes long'));
    }
    expect(refusal({ secret: 'é'.repeat(16) })).to.equal('taken');
  });

  it('says what goes with what', () => {
    expect(refusal({ required: ['X-Other'] })).to.equal(MUST('required', 'name some of "headers"'));
    const identify = () => null;
    expect(refusal({ identify, secret: 's'.repeat(32) })).to.equal(
      MUST('secret', 'not come with "identify", which says who it is'),
    );
    for (const name of ['timeoutMs', 'maxConcurrent']) {
      expect(refusal({ [name]: 5 })).to.equal(
        MUST(name, 'come with "identify": without it nothing is waited for'),
      );
    }
  });
});

describe('originsOf', () => {
  it('is each origin once, without what an origin does not have', () => {
    expect([
      ...originsOf(['https://api.example/', 'https://API.example:443', 'http://[::1]:1']),
    ]).to.deep.equal(['https://api.example', 'http://[::1]:1']);
  });
});
