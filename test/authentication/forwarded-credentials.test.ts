import { expect } from 'chai';

import { forwardedCredentials } from '../../lib/authentication/forwarded-credentials.js';

describe('forwardedCredentials', () => {
  const headers = { Authorization: 'Basic a2V5', 'x-org': 'acme' };
  it('refuses bad options', () => {
    const wrong = {
      headers: [
        ...[undefined, null, [], {}, 'x', { host: 'x' }, { a: 1 }, { a: 'b\nc' }, { a: 'x', A: 'y' }],
        ...[{ a: 'x', b: 'c\nd' }, ['x'], [['a', 'b']]],
      ],
      upstream: [null, 'https://x', [], ['x'], ['http://x.example'], ['https://x.example/path']],
      other: [1],
    };
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values) {
        const options = { headers, [option]: value } as never;
        expect(() => forwardedCredentials(options), option).to.throw(TypeError, `"${option}"`);
      }
    }
    expect(() => forwardedCredentials(null as never)).to.throw(TypeError, 'forwardedCredentials');
  });

  it('sends nothing anywhere unless it is said where', async () => {
    const credentials = forwardedCredentials({ headers });
    const error = await credentials.fetch('https://api.example/').catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TypeError);
    expect(String(error)).to.include('upstream');
  });

  it('W29 can be read by name, and shows nowhere', async () => {
    const credentials = forwardedCredentials({ headers, upstream: ['https://api.example'] });
    expect([credentials.get('authorization'), credentials.get('X-Org'), credentials.get('y')]).to.deep.equal([
      'Basic a2V5',
      'acme',
      undefined,
    ]);
    expect(JSON.stringify(credentials)).to.not.include('a2V5');
    const error = await credentials.fetch('https://evil.example/').catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TypeError);
    expect(String(error)).to.not.include('a2V5');
  });
});
