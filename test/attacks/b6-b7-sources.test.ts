import { expect } from 'chai';

import {
  type BasicCredentials,
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
} from '../../lib/index.js';
import { basic, call, initialize, toolCall } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serveApp } from '../support/serve.js';
import { catchWarnings } from '../support/warnings.js';
import { person, right } from './support/people.js';

interface Place extends Served {
  readonly asked: BasicCredentials[];
}

async function openPlace(
  trust: unknown,
  meanwhile: (asked: BasicCredentials) => unknown = () => {},
): Promise<Place> {
  const asked: BasicCredentials[] = [];
  const served = await serveApp((app) => {
    if (trust !== undefined) app.set('trust proxy', trust);
    app.use(
      '/mcp',
      mcpLoginLimiter(),
      mcpBasicAuth({
        verifier: async (credentials) => {
          asked.push(credentials);
          await meanwhile(credentials);
          return credentials.password === 'right' ? person(credentials.username) : null;
        },
      }),
      mcpSessionBinding(),
      mcpHandler({ createServer: ({ principal }) => buildServer(principal) }),
    );
  });
  return { ...served, asked };
}

type Headers = Readonly<Record<string, string>>;

/** Headers in which proxies tell whom they forward for, with an address of the attacker's choice. */
const SPOOFS: Readonly<Record<string, (i: number) => Headers>> = {
  'X-Forwarded-For': (i) => ({ 'x-forwarded-for': `198.51.100.${i}` }),
  'a chain of X-Forwarded-For': (i) => ({ 'x-forwarded-for': `198.51.100.${i}, 10.0.0.1, 127.0.0.1` }),
  Forwarded: (i) => ({ forwarded: `for=198.51.100.${i};proto=https` }),
  'X-Real-IP': (i) => ({ 'x-real-ip': `198.51.100.${i}` }),
  'X-Client-IP': (i) => ({ 'x-client-ip': `198.51.100.${i}`, 'client-ip': `198.51.100.${i}` }),
  'CF-Connecting-IP': (i) => ({ 'cf-connecting-ip': `198.51.100.${i}`, 'true-client-ip': `198.51.100.${i}` }),
  'X-Cluster-Client-IP': (i) => ({
    'x-cluster-client-ip': `198.51.100.${i}`,
    'fastly-client-ip': `198.51.100.${i}`,
  }),
  'all of them': (i) => ({
    'x-forwarded-for': `198.51.100.${i}`,
    forwarded: `for="[2001:db8::${i}]"`,
    'x-real-ip': `198.51.100.${i}`,
  }),
  'Host and Origin': (i) => ({ host: `198.51.100.${i}`, origin: `http://198.51.100.${i}` }),
};

/** Guesses at 12 accounts, each with a header of its own; resolves to the statuses. */
async function guessAll(place: Place, spoof: (i: number) => Headers): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < 12; i += 1) {
    const headers = { ...spoof(i), authorization: basic(`account-${i}`, 'wrong') };
    statuses.push((await call(place.url, { headers, body: initialize() })).status);
  }
  return statuses;
}

const STOPPED = [...Array<number>(5).fill(401), ...Array<number>(7).fill(429)];

for (const [trust, whom] of [
  [undefined, 'nobody'],
  [false, 'nobody, said aloud'],
  ['10.0.0.0/8', 'another proxy than the one that calls'],
  [0, 'no hop'],
] as const) {
  for (const [name, spoof] of Object.entries(SPOOFS)) {
    it(`B6: trusting ${whom}, ${name} makes no new source`, async () => {
      using _quiet = catchWarnings();
      await using place = await openPlace(trust);
      expect(await guessAll(place, spoof)).to.deep.equal(STOPPED);
      expect(place.asked).to.have.length(5);
    });
  }
}

for (const trust of ['loopback', 1, ['127.0.0.1', '10.0.0.0/8']] as const) {
  const whom = JSON.stringify(trust);

  it(`B6: trusting ${whom}, what the trusted proxy was told before it is not believed`, async () => {
    await using place = await openPlace(trust);
    const spoof = (i: number): Headers => ({
      'x-forwarded-for': `198.51.100.${i}, 2001:db8:${i}::1, 203.0.113.9`,
      'x-real-ip': `198.51.100.${i}`,
      forwarded: `for=198.51.100.${i}`,
    });
    expect(await guessAll(place, spoof)).to.deep.equal(STOPPED);
  });

  it(`B6: trusting ${whom}, what the trusted proxy says is another source`, async () => {
    await using place = await openPlace(trust);
    const told = (i: number): Headers => ({ 'x-forwarded-for': `203.0.113.${i}` });
    expect(await guessAll(place, told)).to.deep.equal(Array(12).fill(401));
  });

  it(`B6: trusting ${whom}, what is no address at all is one source`, async () => {
    await using place = await openPlace(trust);
    const nonsense = [
      'unknown',
      '-',
      '_hidden',
      '1.2.3.4:5678',
      '1.2.3',
      '::g',
      '1.2.3.4/8',
      'a'.repeat(2000),
      "'",
      '٣.1.1.1',
      '999.1.1.1',
      '[::1]',
    ];
    const told = (i: number): Headers => ({
      'x-forwarded-for': Buffer.from(nonsense[i] ?? '').toString('latin1'),
    });
    expect(await guessAll(place, told)).to.deep.equal(STOPPED);
  });
}

const HOME = '192.0.2.7';

const from = (address: string, authorization: string, session?: string): Headers => ({
  'x-forwarded-for': address,
  authorization,
  ...(session !== undefined && { 'mcp-session-id': session }),
});

it('B7: a thousand addresses fail on one account for an hour: its owner is served every time', async () => {
  using clock = stopClock();
  await using place = await openPlace('loopback');
  const { url, asked } = place;
  const begin = (address: string) =>
    call(url, { headers: from(address, right('alice')), body: initialize() });
  const work = (address: string, session: string) =>
    call(url, { headers: from(address, right('alice'), session), body: toolCall('whoami') });
  const session = String((await begin(HOME)).headers['mcp-session-id']);

  let attacker = 0;
  for (let minute = 0; minute < 60; minute += 1) {
    const guesses = Array.from({ length: 17 }, () => {
      attacker += 1;
      const address = `198.51.${100 + (attacker >> 8)}.${attacker & 255}`;
      return call(url, { headers: from(address, basic('alice', `wrong ${attacker}`)), body: initialize() });
    });
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(
      statuses.filter((status) => status === 401),
      'the attack is real',
    ).to.have.length(5);
    expect((await begin(`203.0.113.${minute}`)).status, 'a stranger with the right password').to.equal(429);

    // In every minute but the first the proof has to be proven again; the roaming owner comes before it has been.
    expect((await work(`203.0.113.${minute}`, session)).status, 'live session, from elsewhere').to.equal(200);
    expect((await work(HOME, session)).status, 'live session, from home').to.equal(200);
    const { status, headers } = await begin(HOME);
    expect(status, 'a login from a known source').to.equal(200);
    const again = from(HOME, right('alice'), String(headers['mcp-session-id']));
    expect((await call(url, { method: 'DELETE', headers: again })).status).to.equal(200);
    clock.advance(60_001);
  }
  expect(attacker).to.equal(1020);
  expect(asked.filter(({ password }) => password !== 'right')).to.have.length(300);
}).timeout(60_000);

it('B7: while guesses at the account are being verified, its owner does not wait for them', async () => {
  using clock = stopClock();
  const attack = gate();
  await using place = await openPlace('loopback', ({ password }) =>
    password === 'right' ? undefined : attack.opened,
  );
  const { url, asked } = place;
  const login = () => call(url, { headers: from(HOME, right('alice')), body: initialize() });
  expect((await login()).status).to.equal(200);
  // Let the proof be forgotten, so that the next login is verified.
  clock.advance(60_001);
  const guesses = Array.from({ length: 60 }, (_, i) =>
    call(url, { headers: from(`198.51.100.${i}`, basic('alice', `wrong ${i}`)), body: initialize() }),
  );
  await until('the account is full of attempts in flight', () => asked.length === 6);
  expect((await login()).status).to.equal(200);
  expect(asked).to.have.length(7);
  attack.open();
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).to.have.length(5);
});

it('B7: guesses from the owner’s own address do not stop a live session', async () => {
  await using place = await openPlace('loopback');
  const { url } = place;
  const begun = await call(url, { headers: from(HOME, right('alice')), body: initialize() });
  const session = String(begun.headers['mcp-session-id']);
  for (let i = 0; i < 20; i += 1) {
    await call(url, { headers: from(HOME, basic('alice', `wrong ${i}`)), body: initialize() });
    const headers = from(HOME, right('alice'), session);
    expect((await call(url, { headers, body: toolCall('whoami') })).status).to.equal(200);
  }
});
