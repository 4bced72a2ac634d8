import { expect } from 'chai';

import { basic } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { budgetLeft, login, openPlace } from './support/one-account.js';
import { person } from './support/people.js';
import { flood, MCP_LINES, rawRequest } from './support/raw.js';

it('B9: the same wrong password 10,000 times at once: V = 1, one failure', async () => {
  await using place = await openPlace(async () => null);
  const request = rawRequest('GET /mcp', [...MCP_LINES, `Authorization: ${basic('alice', 'old one')}`]);
  expect(await flood(place.port, Array(10_000).fill(request))).to.deep.equal(new Map([[401, 10_000]]));
  expect(place.asked).to.have.length(1);
}).timeout(60_000);

it('B9: the same wrong password one after the other and from many addresses: V = 1 per window, one failure', async () => {
  using clock = stopClock();
  await using place = await openPlace(async () => null);
  for (let window = 1; window <= 3; window += 1) {
    for (let i = 0; i < 30; i += 1) expect(await login(place, 'old one', `198.51.100.${i}`)).to.equal(401);
    expect(place.asked, `window ${window}`).to.have.length(window);
    clock.advance(60_000);
  }
  expect(await login(place, 'old one')).to.equal(401);
  expect(await budgetLeft(place), 'one of five is spent').to.equal(4);
});

it('B9: a wrong password that has become right is served once its window is over', async () => {
  using clock = stopClock();
  let isRight = false;
  await using place = await openPlace(async () => (isRight ? person('alice') : null));
  expect(await login(place, 'new one')).to.equal(401);
  isRight = true;
  clock.advance(60_000);
  expect(await login(place, 'new one')).to.equal(200);
});
