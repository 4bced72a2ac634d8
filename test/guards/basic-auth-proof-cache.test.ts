import { expect } from 'chai';

import { mcpBasicAuth } from '../../lib/index.js';
import { basic, call } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { BASIC, expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { tell } from '../support/tell.js';

const login = (url: URL, username: string) =>
  call(url, { headers: { authorization: basic(username, 'pw') } });

describe('the proof cache of mcpBasicAuth', () => {
  const counting = (options: object) => {
    const verified: string[] = [];
    const guard = mcpBasicAuth({
      ...options,
      verifier: ({ username }) => {
        verified.push(username);
        return { subject: username, ...(username === 'brief' && { expiresAt: Date.now() / 1000 + 5 }) };
      },
    });
    return { verified, guard };
  };
  const run = async (options: object, steps: readonly (string | number)[]): Promise<readonly string[]> => {
    using clock = stopClock();
    const { verified, guard } = counting(options);
    await using served = await serve(guard, tell);
    for (const step of steps) {
      if (typeof step === 'number') clock.advance(step * 1000);
      else await login(served.url, step);
    }
    return verified;
  };

  it('remembers a proof for a minute by default', async () => {
    expect(await run({}, ['ann', 'ann', 59.9, 'ann', 0.1, 'ann'])).to.deep.equal(['ann', 'ann']);
  });
  it('remembers it for ttlSeconds', async () => {
    expect(await run({ proofCache: { ttlSeconds: 5 } }, ['a', 4.9, 'a', 0.1, 'a'])).to.deep.equal(['a', 'a']);
  });
  it('remembers max proofs, the latest used', async () => {
    const steps = ['a', 'b', 'a', 'c', 'a', 'b'];
    expect(await run({ proofCache: { max: 2 } }, steps)).to.deep.equal(['a', 'b', 'c', 'b']);
  });
  it('remembers none beyond the time of the principal', async () => {
    expect(await run({}, ['brief', 4.9, 'brief', 0.1, 'brief'])).to.deep.equal(['brief', 'brief']);
  });
  it('remembers nothing where it is off', async () => {
    expect(await run({ proofCache: false }, ['a', 'a', 'a'])).to.deep.equal(['a', 'a', 'a']);
  });

  it('asks isActive on every request, and forgets a proof that turned inactive', async () => {
    let isActive = true;
    let asked = 0;
    let verified = 0;
    await using served = await serve(
      mcpBasicAuth({
        verifier: {
          verify: () => {
            verified += 1;
            return { subject: 'ann' };
          },
          isActive: () => {
            asked += 1;
            return isActive;
          },
        },
      }),
      tell,
    );
    const enter = () => login(served.url, 'ann');
    for (let i = 0; i < 3; i += 1) expect((await enter()).status).to.equal(200);
    isActive = false;
    expectRefusal(await enter(), 'invalid_credentials', { challenges: [BASIC] });
    isActive = true;
    expect((await enter()).status).to.equal(200);
    expect({ asked, verified }).to.deep.equal({ asked: 5, verified: 2 });
  });
});
