import { expect } from 'chai';

import { until } from '../support/gate.js';
import { ACTS, ALICE, openPlace } from './support/endings.js';
import { begin, use } from './support/sessions.js';

for (const [name, { setting, run, recheckMs = 0, status }] of Object.entries(ACTS)) {
  if (setting || name.startsWith('closing')) continue;
  it(`E4: ${name} answers a call that waits for JSON within 1 s, and not with its result`, async () => {
    await using place = await openPlace({ enableJsonResponse: true });
    const session = await begin(place.url, ALICE);
    const calling = use(place.url, ALICE, session);
    await until('the call runs', () => place.running === 1);
    const since = performance.now();
    const [reply] = await Promise.all([
      calling.then((answer) => ({ ...answer, took: performance.now() - since })),
      run(place, session),
    ]);
    expect(reply.took).to.be.below(1000 + recheckMs);
    expect(reply.status).to.equal(status);
    expect(reply.text).not.to.include('result');
  });
}
