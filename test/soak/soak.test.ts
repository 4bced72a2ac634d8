import { expect } from 'chai';

import { soakPicture } from './picture.js';
import { soak } from './run.js';

describe('a server under load for a while', function () {
  this.timeout(240_000);

  it('keeps nothing, answers nothing unexpected, and serves nobody as somebody else', async () => {
    const { findings, answers, samples } = await soak({
      seconds: 40,
      sessions: 200,
      seed: 1,
      busySeconds: 3,
    });
    expect(findings).to.deep.equal([]);
    // Of everything that callers do, something was done.
    expect(answers).to.include.keys(
      ...['initialize: 200', 'whoami: 200', 'whoami: 404', 'theft: 404', 'guess: 401', 'DELETE: 200'],
      ...['abort: in a call', 'abort: in a body', 'slow reader: 200', 'GET: 200', 'revoked: some'],
    );
    expect(soakPicture(samples))
      .to.match(/^<svg [\s\S]+<\/svg>\n$/)
      .and.not.to.match(/NaN|undefined|Infinity/);
  });

  it('is found to keep what it keeps on purpose', async () => {
    const leaking = { seconds: 1, sessions: 100, seed: 2, busySeconds: 2 };
    const runs = await Promise.all(
      (['servers', 'timers', 'listeners', 'requests'] as const).map(async (leak) => {
        const { findings } = await soak({ ...leaking, leak });
        return [leak, findings.join('; ')] as const;
      }),
    );
    const found = Object.fromEntries(runs);
    expect(found.servers).to.match(/^the heap rises by \d+ bytes for each session/);
    expect(found.timers).to.match(/Timeout: \d+ have become \d+/);
    expect(found.listeners).to.match(/\d+ listeners have become \d+$/);
    expect(found.requests).to.match(/the heap rises by \d+ bytes for each request/);
  });
});
