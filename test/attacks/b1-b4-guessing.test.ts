import { expect } from 'chai';

import {
  type LoginLimiterOptions,
  type LoginStore,
  MemoryLoginStore,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
} from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serveApp } from '../support/serve.js';
import { person } from './support/people.js';
import { flood, MCP_LINES, rawRequest, type Tally } from './support/raw.js';

interface Place extends Served {
  /** Calls of the verifier: V. */
  verifications: number;
  /** Requests that have arrived. */
  arrived: number;
}

/** Behind one proxy on this host, which tells whom it forwards for. `meanwhile` holds every verification up. */
async function openPlace(
  options: LoginLimiterOptions = {},
  meanwhile: () => unknown = () => {},
): Promise<Place> {
  const served = await serveApp((app) => {
    app.set('trust proxy', 'loopback');
    app.use(
      '/mcp',
      (_request, _response, next) => {
        place.arrived += 1;
        next();
      },
      mcpLoginLimiter(options),
      mcpBasicAuth({
        // Held verifications outlast the flood, however slow the machine is.
        timeoutMs: 60_000,
        verifier: async ({ username, password }) => {
          place.verifications += 1;
          await meanwhile();
          return password === 'right' ? person(username) : null;
        },
      }),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
  });
  const place: Place = { ...served, verifications: 0, arrived: 0 };
  return place;
}

const guess = (username: string, password: string, from?: string): string =>
  rawRequest('GET /mcp', [
    ...MCP_LINES,
    `Authorization: ${basic(username, password)}`,
    ...(from === undefined ? [] : [`X-Forwarded-For: ${from}`]),
  ]);

const count = (tally: Tally): number => [...tally.values()].reduce((sum, n) => sum + n, 0);

/** How an attacked account answers from now on. */
async function login(place: Place, username: string, password: string, from?: string): Promise<number> {
  const headers = { authorization: basic(username, password), ...(from && { 'x-forwarded-for': from }) };
  return (await call(place.url, { headers, body: initialize() })).status;
}

it('B1: 10,000 different wrong passwords at once for one account: V ≤ points', async () => {
  const everyone = gate();
  await using place = await openPlace({ points: 5 }, () => everyone.opened);
  const flooding = flood(
    place.port,
    Array.from({ length: 10_000 }, (_, i) => guess('alice', `wrong ${i}`)),
  );
  await until('all of them are there', () => place.arrived === 10_000, 180_000);
  expect(place.verifications, 'while none is answered').to.be.at.most(5);
  everyone.open();
  const tally = await flooding;
  expect(place.verifications).to.equal(5);
  expect(tally.get(401)).to.equal(5);
  expect(new Set(tally.keys())).to.deep.equal(new Set([401, 429, 503]));
  expect(count(tally)).to.equal(10_000);
  expect(await login(place, 'alice', 'right')).to.equal(429);
  expect(place.verifications).to.equal(5);
}).timeout(240_000);

it('B1: 2,000 at once over a store that answers late and out of order: V ≤ points', async () => {
  const inner = new MemoryLoginStore();
  let turn = 0;
  const late = async (): Promise<void> => {
    turn += 1;
    for (let hops = (turn * 7) % 4; hops > 0; hops -= 1)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const store: LoginStore = {
    async reserve(...args) {
      await late();
      const reservation = await inner.reserve(...args);
      await late();
      return reservation;
    },
    async settle(...args) {
      await late();
      await inner.settle(...args);
      await late();
    },
  };
  await using place = await openPlace({ points: 3, store, maxWaiting: 2000 }, late);
  const tally = await flood(
    place.port,
    Array.from({ length: 2000 }, (_, i) => guess('alice', `wrong ${i}`)),
  );
  expect(place.verifications).to.be.at.most(3);
  expect(tally.get(401)).to.equal(3);
  expect(tally.get(429)).to.equal(1997);
}).timeout(240_000);

it('B1: verdicts that come in while others are asking the limiter: V = points', async () => {
  // How many turns of the microtask queue lie between two verdicts: one of them meets every step of asking.
  for (let turns = 1; turns <= 12; turns += 1) {
    const everyone = gate();
    let nth = 0;
    await using place = await openPlace({ points: 5 }, async () => {
      nth += 1;
      const wait = nth * turns;
      await everyone.opened;
      for (let turn = 0; turn < wait; turn += 1) await undefined;
    });
    const guesses = Array.from({ length: 40 }, (_, i) => guess('alice', `wrong ${i}`));
    const flooding = flood(place.port, guesses, 10);
    await until('all of them are there', () => place.arrived === 40);
    everyone.open();
    expect(await flooding, `${turns} turns`).to.deep.equal(
      new Map([
        [401, 5],
        [429, 35],
      ]),
    );
    expect(place.verifications, `${turns} turns`).to.equal(5);
  }
});

it('B1: guesses that come one after the other, from as many connections: V = points', async () => {
  await using place = await openPlace({ points: 5, keys: ['account'] });
  const statuses: number[] = [];
  for (let i = 0; i < 20; i += 1) statuses.push(await login(place, 'alice', `wrong ${i}`));
  expect(statuses).to.deep.equal([...Array(5).fill(401), ...Array(15).fill(429)]);
  expect(place.verifications).to.equal(5);
});

it('B1b: 200 first calls at once with the right password: 200 × 200, V = 1', async () => {
  const everyone = gate();
  await using place = await openPlace({}, () => everyone.opened);
  const calls = Array.from({ length: 200 }, () => login(place, 'alice', 'right'));
  await until('all of them are there', () => place.arrived === 200);
  everyone.open();
  expect(new Set(await Promise.all(calls))).to.deep.equal(new Set([200]));
  expect(place.verifications).to.equal(1);
});

it('B1b: 8 people behind one address log in for the first time at once: 8 × 200', async () => {
  const everyone = gate();
  await using place = await openPlace({ points: 5 }, () => everyone.opened);
  const people = Array.from({ length: 8 }, (_, i) => `person-${i}`);
  const calls = people.map((name) => login(place, name, 'right', '192.0.2.1'));
  await until('all of them are there', () => place.arrived === 8);
  everyone.open();
  expect(await Promise.all(calls)).to.deep.equal(Array(8).fill(200));
  expect(place.verifications).to.equal(8);
});

it('B1b: one’s own success gives an attacker no further guesses at others', async () => {
  await using place = await openPlace({ points: 5 });
  let refused = 0;
  for (let round = 0; round < 10; round += 1) {
    for (let i = 0; i < 4; i += 1) {
      if ((await login(place, `victim-${round}`, `wrong ${i}`)) === 429) refused += 1;
    }
    // Another name each time: a remembered proof would not ask the limiter.
    await login(place, `mallory-${round}`, 'right');
  }
  expect(refused).to.equal(35);
});

it('B3: one account from 10,000 IPv4 addresses: V ≤ points', async () => {
  await using place = await openPlace();
  const addresses = Array.from(
    { length: 10_000 },
    (_, i) => `198.${18 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
  );
  const tally = await flood(
    place.port,
    addresses.map((address) => guess('alice', `wrong from ${address}`, address)),
  );
  expect(place.verifications).to.equal(5);
  expect(tally.get(401)).to.equal(5);
  expect((tally.get(429) ?? 0) + (tally.get(503) ?? 0)).to.equal(9995);
  expect(await login(place, 'alice', 'right', '203.0.113.1'), 'from an address of its own').to.equal(429);
  expect(await login(place, 'bob', 'right', '203.0.113.1'), 'another account').to.equal(200);
}).timeout(240_000);

it('B3: 65,536 addresses of one /64, each at an account of its own: one source, V ≤ points', async () => {
  await using place = await openPlace();
  // Every 8th of them, so that the first and the last 16 bits that a source may choose all take part.
  const addresses = Array.from({ length: 8192 }, (_, i) => {
    const low = (i * 8 + (i & 7)).toString(16);
    return i % 2 ? `2001:db8:1:2:${low}::1` : `2001:DB8:0001:2::${low}`;
  });
  const tally = await flood(
    place.port,
    addresses.map((address, i) => guess(`account-${i}`, 'wrong', address)),
  );
  expect(place.verifications).to.equal(5);
  expect((tally.get(429) ?? 0) + (tally.get(503) ?? 0)).to.equal(8187);
  expect(await login(place, 'bob', 'right', '2001:db8:1:2:ffff:ffff:ffff:ffff')).to.equal(429);
  expect(await login(place, 'bob', 'right', '2001:db8:1:3::1'), 'the neighbouring /64').to.equal(200);
}).timeout(240_000);

it('B4: one address, 10,000 accounts: stopped after points guesses', async () => {
  await using place = await openPlace();
  const tally = await flood(
    place.port,
    Array.from({ length: 10_000 }, (_, i) => guess(`account-${i}`, 'wrong')),
    200,
  );
  expect(place.verifications).to.equal(5);
  expect((tally.get(429) ?? 0) + (tally.get(503) ?? 0)).to.equal(9995);
  expect(await login(place, 'bob', 'right')).to.equal(429);
}).timeout(240_000);

it('B4: what is kept for sources is bounded: the one that failed longest ago makes room', async () => {
  const store = new MemoryLoginStore({ maxKeys: 50 });
  await using place = await openPlace({ points: 1, keys: ['ip'], store });
  const address = (i: number): string => `198.51.100.${i}`;
  for (let i = 0; i < 50; i += 1)
    expect(await login(place, `account-${i}`, 'wrong', address(i))).to.equal(401);
  for (let i = 0; i < 50; i += 1) expect(await login(place, `again-${i}`, 'wrong', address(i))).to.equal(429);
  expect(await login(place, 'one-more', 'wrong', address(50))).to.equal(401);
  expect(await login(place, 'old', 'wrong', address(0)), 'the oldest').to.equal(401);
  expect(await login(place, 'new', 'wrong', address(49)), 'a recent one').to.equal(429);
});
