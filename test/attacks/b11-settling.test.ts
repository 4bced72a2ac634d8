import { expect } from 'chai';

import { type BasicCredentials, type LoginStore, MemoryLoginStore } from '../../lib/index.js';
import { basic, call, initialize } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { type Gate, gate, until } from '../support/gate.js';
import {
  budgetLeft,
  connections,
  login,
  openPlace,
  type Place,
  type Verdict,
} from './support/one-account.js';
import { person } from './support/people.js';

interface Held {
  readonly verdict: Gate<Verdict>;
  readonly signal: AbortSignal;
}

/** Verifications that a test ends one by one, by their password; a password that does not begin with `held` is wrong. */
function holding(): {
  readonly held: Map<string, Held>;
  verify(asked: BasicCredentials, signal: AbortSignal): Verdict | Promise<Verdict>;
} {
  const held = new Map<string, Held>();
  return {
    held,
    verify: ({ password }, signal) => {
      if (!password.startsWith('held')) return null;
      const verdict = gate<Verdict>();
      held.set(password, { verdict, signal });
      return verdict.opened;
    },
  };
}

/** Presents a password and leaves when it is being verified. */
async function hangUp(place: Place, held: ReadonlyMap<string, Held>, password: string): Promise<void> {
  const leaving = new AbortController();
  const headers = { authorization: basic('alice', password), 'x-forwarded-for': '192.0.2.1' };
  const gone = call(place.url, { headers, body: initialize(), signal: leaving.signal }).catch(() => 'gone');
  await until('it is being verified', () => held.has(password));
  leaving.abort();
  expect(await gone).to.equal('gone');
  await until('the verifier is told', () => held.get(password)?.signal.aborted);
}

const OUTCOMES: Readonly<Record<string, (verdict: Gate<Verdict> | undefined) => void>> = {
  wrong: (verdict) => verdict?.open(null),
  right: (verdict) => verdict?.open(person('alice')),
  'an outage': (verdict) => verdict?.fail(new Error('down')),
};

for (const [outcome, settle] of Object.entries(OUTCOMES)) {
  it(`B11: the window ends during verifications that end as ${outcome}: never negative, never above the limit`, async () => {
    using clock = stopClock();
    const { held, verify } = holding();
    await using place = await openPlace(verify);
    for (const i of [1, 2, 3]) expect(await login(place, `early ${i}`)).to.equal(401);
    const late = ['held 1', 'held 2'].map((password) => login(place, password));
    await until('both are being verified', () => held.size === 2);
    clock.advance(61_000);
    for (const { verdict } of held.values()) settle(verdict);
    await Promise.all(late);
    // A new window: what ends in it counts in it, and gives nothing back that was never taken from it.
    expect(await budgetLeft(place)).to.equal(outcome === 'wrong' ? 3 : 5);
    clock.advance(61_000);
    expect(await budgetLeft(place), 'the window after it').to.equal(5);
  });
}

it('B11: clients that leave during verification give their points back when there is no verdict', async () => {
  const { held, verify } = holding();
  await using place = await openPlace(verify);
  for (let i = 1; i <= 20; i += 1) {
    await hangUp(place, held, `held ${i}`);
    held.get(`held ${i}`)?.verdict.fail(new Error('cancelled'));
  }
  expect(place.asked).to.have.length(20);
  expect(await budgetLeft(place)).to.equal(5);
});

it('B11: guess and hang up is not free: a verdict of wrong that is still reached counts', async () => {
  const { held, verify } = holding();
  await using place = await openPlace(verify);
  for (const i of [1, 2, 3, 4, 5]) await hangUp(place, held, `held ${i}`);
  for (const { verdict } of held.values()) verdict.open(null);
  expect(await budgetLeft(place)).to.equal(0);
});

it('B11: a client that leaves while it waits for its turn has taken nothing', async () => {
  const { held, verify } = holding();
  await using place = await openPlace(verify, { points: 1 });
  const first = login(place, 'held 1');
  await until('one is in flight', () => held.size === 1);
  const leaving = new AbortController();
  const headers = { authorization: basic('alice', 'held 2'), 'x-forwarded-for': '192.0.2.1' };
  const gone = call(place.url, { headers, body: initialize(), signal: leaving.signal }).catch(() => 'gone');
  await until('another is there', async () => (await connections(place)) === 2);
  leaving.abort();
  await gone;
  await until('it is gone', async () => (await connections(place)) === 1);
  held.get('held 1')?.verdict.fail(new Error('down'));
  expect(await first).to.equal(503);
  expect(await budgetLeft(place)).to.equal(1);
  expect(held.size).to.equal(1);
});

it('B11: a client that leaves aborts the verifier’s signal, and only when nobody else waits for the same verdict', async () => {
  const verdict = gate<Verdict>();
  let signal: AbortSignal | undefined;
  await using place = await openPlace((_credentials, verifying) => {
    signal = verifying;
    return verdict.opened;
  });
  const leaving = [new AbortController(), new AbortController()];
  const headers = { authorization: basic('alice', 'held') };
  const [first, second] = leaving.map(({ signal: leave }) =>
    call(place.url, { headers, body: initialize(), signal: leave }).catch(() => 'gone'),
  );
  await until('both are there', async () => (await connections(place)) === 2 && signal !== undefined);
  leaving[0]?.abort();
  await first;
  await until('one is gone', async () => (await connections(place)) === 1);
  expect(signal?.aborted).to.equal(false);
  leaving[1]?.abort();
  await second;
  await until('the verifier is told', () => signal?.aborted);
  verdict.fail(new Error('cancelled'));
  expect(place.asked).to.have.length(1);
});

it('B11: points of a verification whose time is up are given back once, whatever it answers later', async () => {
  const { held, verify } = holding();
  await using place = await openPlace(verify, { timeoutMs: 50 });
  for (const [i, settle] of Object.values(OUTCOMES).entries()) {
    expect(await login(place, `held ${i}`)).to.equal(503);
    settle(held.get(`held ${i}`)?.verdict);
  }
  for (const i of [1, 2]) expect(await login(place, `wrong ${i}`)).to.equal(401);
  expect(await budgetLeft(place)).to.equal(3);
});

it('B11: a store that is told everything twice, and differently, gives nothing back twice', async () => {
  const inner = new MemoryLoginStore();
  let refusals = 0;
  const store: LoginStore = {
    async reserve(...args) {
      const reservation = await inner.reserve(...args);
      if (reservation.status === 'busy') refusals += 1;
      return reservation;
    },
    async settle(reservation, outcome, budget) {
      await Promise.all([outcome, outcome].map((same) => inner.settle(reservation, same, budget)));
      for (const other of ['released', 'failed', 'proven'] as const)
        await inner.settle(reservation, other, budget);
    },
  };
  const { held, verify } = holding();
  await using place = await openPlace(verify, { points: 3, store });
  const logins = ['held 1', 'held 2', 'held 3'].map((password) => login(place, password));
  await until('three are in flight', () => held.size === 3);
  held.get('held 3')?.verdict.fail(new Error('down'));
  expect(await logins[2]).to.equal(503);
  logins.push(login(place, 'held 4'));
  await until('another has its place', () => held.size === 4);
  const waiting = ['held 5', 'held 6', 'held 7'].map((password) => login(place, password));
  await until('they have asked', () => refusals === 3);
  expect([...held.keys()]).to.deep.equal(['held 1', 'held 2', 'held 3', 'held 4']);
  for (const { verdict } of held.values()) verdict.open(null);
  expect(await Promise.all(logins)).to.deep.equal([401, 401, 503, 401]);
  expect(await Promise.all(waiting)).to.deep.equal([429, 429, 429]);
  expect(place.asked).to.have.length(4);
});
