import { expect } from 'chai';

import { mcpBasicAuth, mcpHandler, mcpLoginLimiter, mcpSessionBinding } from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { person, right } from './support/people.js';
import { flood, MCP_LINES, rawRequest } from './support/raw.js';
import { begin, use } from './support/sessions.js';

interface Place extends Served {
  arrived: number;
  verifications: number;
  running: number;
  /** The most verifications that ran at once. */
  peak: number;
}

async function openPlace(
  meanwhile: (username: string) => unknown,
  keys: readonly ('ip' | 'account')[],
): Promise<Place> {
  const served = await serve(
    (_request, _response, next) => {
      place.arrived += 1;
      next();
    },
    mcpLoginLimiter({ keys }),
    mcpBasicAuth({
      verifier: async ({ username, password }) => {
        place.verifications += 1;
        place.running += 1;
        place.peak = Math.max(place.peak, place.running);
        try {
          await meanwhile(username);
        } finally {
          place.running -= 1;
        }
        return password === 'right' ? person(username) : null;
      },
    }),
    mcpSessionBinding(),
    mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
  );
  const place: Place = { ...served, arrived: 0, verifications: 0, running: 0, peak: 0 };
  return place;
}

const logins = (count: number): string[] =>
  Array.from({ length: count }, (_, i) =>
    rawRequest('GET /mcp', [...MCP_LINES, `Authorization: ${basic(`person-${i}`, 'right')}`]),
  );

it('D4: 1,000 logins at once at a slow verifier: 8 run, the others are 503 at once, and nobody else waits', async () => {
  const database = gate();
  await using place = await openPlace((name) => name === 'alice' || database.opened, ['account']);
  const session = await begin(place.url, right('alice'));
  const before = place.arrived;
  const flooding = flood(place.port, logins(1000), 10);
  await until('all of them are there', () => place.arrived === before + 1000);
  await until('as many run as may', () => place.running === 8);

  // The database still hangs: this is how long everybody else has had to wait so far.
  for (let i = 0; i < 20; i += 1)
    expect((await use(place.url, right('alice'), session)).status).to.equal(200);
  await begin(place.url, right('alice'));
  const stranger = { headers: { authorization: right('bob') }, body: initialize() };
  const refused = await call(place.url, stranger);
  expect([refused.status, refused.code]).to.deep.equal([503, 'unavailable']);
  expect(Number(refused.headers['retry-after'])).to.be.at.least(1);

  expect(place.verifications, 'alice, and those that run').to.equal(9);
  database.open();
  // 400: they are proven, and a GET needs a session.
  expect(await flooding).to.deep.equal(
    new Map([
      [503, 992],
      [400, 8],
    ]),
  );
  expect(place.peak).to.equal(8);
  expect((await call(place.url, stranger)).status, 'once it is over').to.equal(200);
}).timeout(30_000);

it('D4: from one address, those that wait for their turn are bounded too, and proven callers pass them by', async () => {
  const database = gate();
  await using place = await openPlace((name) => name === 'alice' || database.opened, ['ip', 'account']);
  const session = await begin(place.url, right('alice'));
  const before = place.arrived;
  const flooding = flood(place.port, logins(1000), 10);
  await until('all of them are there', () => place.arrived === before + 1000);
  await until('as many run as there are points', () => place.running === 5);
  for (let i = 0; i < 20; i += 1)
    expect((await use(place.url, right('alice'), session)).status).to.equal(200);
  expect(place.verifications).to.equal(6);
  database.open();
  // 5 had points, 64 waited.
  expect(await flooding).to.deep.equal(
    new Map([
      [503, 931],
      [400, 69],
    ]),
  );
  expect(place.peak).to.equal(5);
}).timeout(30_000);

it('D4: who was turned away for overload has lost no guess', async () => {
  const database = gate();
  await using place = await openPlace((name) => name === 'alice' || database.opened, ['account']);
  const flooding = flood(place.port, logins(8), 1);
  await until('as many run as may', () => place.running === 8);
  const statusOf = async (password: string): Promise<number> =>
    (await call(place.url, { headers: { authorization: basic('alice', password) }, body: initialize() }))
      .status;
  for (let i = 0; i < 20; i += 1) expect(await statusOf(`early ${i}`)).to.equal(503);
  database.open();
  await flooding;
  for (let i = 0; i < 5; i += 1) expect(await statusOf(`wrong ${i}`)).to.equal(401);
  expect(await statusOf('wrong again')).to.equal(429);
});
