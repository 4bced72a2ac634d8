import { expect } from 'chai';
import fc from 'fast-check';

import { LoginLimiter } from '../../lib/credentials/login-limiter.js';
import type { ProofResult } from '../../lib/credentials/proof-result.js';
import { Prover } from '../../lib/credentials/prover.js';
import { McpGuardError } from '../../lib/errors.js';
import type { Principal } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { type Gate, gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { AuditedStore } from './audited-store.js';
import { present, settled } from './support.js';

const RIGHT = 'right';
const WINDOW_MS = 60_000;

interface Running extends Gate<Principal | null> {
  readonly account: string;
  readonly password: string;
  readonly signal: AbortSignal;
}

interface Login {
  readonly password: string;
  readonly result: Promise<ProofResult>;
  leave(): void;
}

/** Prover, limiter and store together; every verification waits until it is landed by hand. */
function desk({ points = 3, maxWaiting = 64, proofCache = true } = {}): {
  readonly store: AuditedStore;
  readonly running: Running[];
  /** Every call of the verifier. */
  readonly calls: readonly Running[];
  login(client: string, account: string, password: string): Login;
  /** Gives the verdict on what runs (or the first of it). */
  land(which?: Running): Promise<void>;
  landAll(): Promise<void>;
  /** A whole login on an idle desk: what the client is told. */
  now(client: string, account: string, password: string): Promise<string>;
  audit(): Promise<string[]>;
} {
  const budget = { points, durationSeconds: WINDOW_MS / 1000 };
  const store = new AuditedStore();
  const limiter = new LoginLimiter({ budget, keys: ['ip', 'ip+account', 'account'], store, maxWaiting });
  const prover = new Prover({
    owner: 'guard',
    proofCache: proofCache && { ttlSeconds: 60, max: 1000 },
    timeoutMs: 60_000,
    maxConcurrent: 1000,
    isActive: undefined,
  });
  const running: Running[] = [];
  const calls: Running[] = [];

  const verify = (account: string, password: string, signal: AbortSignal): Promise<Principal | null> => {
    const call = { ...gate<Principal | null>(), account, password, signal };
    calls.push(call);
    running.push(call);
    if (running.length > store.open) store.violations.push('a verifier runs without points');
    return call.opened;
  };
  const login = (client: string, account: string, password: string): Login => {
    const presentation = present(`${account} ${password}`, (signal) => verify(account, password, signal), {
      account,
      question: { limiter, client },
    });
    return {
      password,
      result: Promise.resolve(prover.prove(presentation.request)),
      leave: presentation.leave,
    };
  };
  const land = async (which = running[0]): Promise<void> => {
    if (!which) return;
    running.splice(running.indexOf(which), 1);
    which.open(which.password === RIGHT ? { subject: which.account } : null);
    await settled();
  };
  const landAll = async (): Promise<void> => {
    await settled();
    while (running.length > 0) await land();
  };
  return {
    store,
    running,
    calls,
    login,
    land,
    landAll,
    async now(client, account, password) {
      const { result } = login(client, account, password);
      await landAll();
      return told(await result);
    },
    async audit() {
      await store.audit(budget);
      return store.violations;
    },
  };
}

function told(result: ProofResult): string {
  if (result.kind === 'denied') return result.code;
  return result.deferred?.code ?? 'proven';
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('proving under the limiter', () => {
  failsOnUnhandledRejections();

  describe('a point of every key is reserved before the verifier is called', () => {
    it('B1 one account, 1,000 different passwords at once: no more than points are verified', async () => {
      const { login, calls, running, landAll, audit } = desk({ points: 5 });
      const logins = range(1000).map((i) => login(`client ${i}`, 'ada', `guess ${i}`));
      await settled();
      expect(running).to.have.length(5);
      await landAll();
      const results = await Promise.all(logins.map(({ result }) => result));
      expect(calls).to.have.length(5);
      expect(results.filter((result) => told(result) === 'invalid_credentials')).to.have.length(5);
      expect(results.some(({ kind }) => kind === 'proven')).to.equal(false);
      expect(await audit()).to.deep.equal([]);
    });

    it('B4 one address, many accounts: no more than points are verified', async () => {
      const { login, calls, landAll } = desk({ points: 5 });
      const logins = range(200).map((i) => login('client', `account ${i}`, 'guess'));
      await landAll();
      await Promise.all(logins.map(({ result }) => result));
      expect(calls).to.have.length(5);
    });

    it('B3 one account from many addresses: no more than points are verified', async () => {
      const { now, calls } = desk({ points: 5 });
      for (const i of range(50)) await now(`client ${i}`, 'ada', `guess ${i}`);
      expect(calls).to.have.length(5);
    });
  });

  describe('a wrong credential stays spent, a proven one is given back', () => {
    it('W3 an attacker with an account of his own does not refill his address', async () => {
      const { now, calls } = desk({ points: 5, proofCache: false });
      for (const i of range(20)) {
        for (const j of range(4)) await now('attacker', `victim ${i}`, `guess ${j}`);
        await now('attacker', 'mallory', RIGHT);
      }
      expect(calls.filter(({ password }) => password !== RIGHT)).to.have.length(5);
    });

    it('success clears the budget of its own source for its own account', async () => {
      const { now } = desk({ points: 3, proofCache: false });
      // Two failures on the account from here, none from there.
      expect(await now('home', 'ada', 'typo 1')).to.equal('invalid_credentials');
      expect(await now('home', 'ada', 'typo 2')).to.equal('invalid_credentials');
      expect(await now('home', 'ada', RIGHT)).to.equal('proven');
      // The address still remembers both, so that one more is the last.
      expect(await now('home', 'eve', 'typo 3')).to.equal('invalid_credentials');
      expect(await now('home', 'eve', RIGHT)).to.equal('too_many_attempts');
    });

    for (const [what, end] of [
      ['an outage', new Error('down')],
      ['a refusal by policy', new McpGuardError('forbidden')],
    ] as const) {
      it(`${what}, however often, costs nothing`, async () => {
        const { login, running, now, audit } = desk({ points: 3 });
        for (const i of range(30)) {
          const { result } = login('client', 'ada', `password ${i}`);
          await settled();
          running.shift()?.fail(end);
          expect((await result).kind).to.equal('denied');
        }
        expect(await now('client', 'ada', RIGHT)).to.equal('proven');
        expect(await audit()).to.deep.equal([]);
      });
    }

    it('B11 a client that goes away is given its points back, unless a verdict is reached all the same', async () => {
      const { login, running, land, now, calls, audit } = desk({ points: 2 });
      for (const i of range(10)) {
        const gone = login('client', 'ada', `abandoned ${i}`);
        await settled();
        gone.leave();
        running.shift()?.fail(new Error('aborted'));
        await gone.result;
      }
      for (const i of range(2)) {
        const guess = login('client', 'ada', `guess ${i}`);
        await settled();
        guess.leave();
        await land();
        await guess.result;
      }
      expect(await now('client', 'ada', RIGHT)).to.equal('too_many_attempts');
      expect(calls).to.have.length(12);
      expect(await audit()).to.deep.equal([]);
    });
  });

  describe('attempts in flight are no failures', () => {
    it('W2 8 users behind one address, all first logins at once: 8 are let in', async () => {
      const { login, running, landAll, audit } = desk({ points: 5 });
      const logins = range(8).map((i) => login('office', `user ${i}`, RIGHT));
      await settled();
      expect(running).to.have.length(5);
      await landAll();
      const results = await Promise.all(logins.map(({ result }) => result));
      expect(results.map(told)).to.deep.equal(range(8).map(() => 'proven'));
      expect(await audit()).to.deep.equal([]);
    });

    it('who waits behind them is refused only once failures fill the key', async () => {
      const { login, running, land } = desk({ points: 2 });
      const logins = ['guess 1', 'guess 2', RIGHT].map((password) => login('client', 'ada', password));
      await settled();
      expect(running.map(({ password }) => password)).to.deep.equal(['guess 1', 'guess 2']);
      await land();
      expect(running.map(({ password }) => password)).to.deep.equal(['guess 2']);
      await land();
      const results = await Promise.all(logins.map(({ result }) => result));
      expect(results.map(told)).to.deep.equal([
        'invalid_credentials',
        'invalid_credentials',
        'too_many_attempts',
      ]);
    });

    it('the waiting room is full: an outage, not a refusal', async () => {
      const { login, landAll, audit } = desk({ points: 1, maxWaiting: 2 });
      const logins = range(4).map((i) => login('client', `user ${i}`, RIGHT));
      await settled();
      const last = logins[3] as Login;
      expect(await last.result).to.include({ code: 'unavailable', reason: 'limiter_error' });
      await landAll();
      const results = await Promise.all(logins.map(({ result }) => result));
      expect(results.map(told)).to.deep.equal(['proven', 'proven', 'proven', 'unavailable']);
      expect(await audit()).to.deep.equal([]);
    });

    it('who leaves the waiting room is never verified', async () => {
      const { login, calls, landAll, audit } = desk({ points: 1 });
      const first = login('client', 'ada', RIGHT);
      await settled();
      const waiting = login('client', 'eve', RIGHT);
      await settled();
      waiting.leave();
      expect(told(await waiting.result)).to.equal('unavailable');
      await landAll();
      expect(told(await first.result)).to.equal('proven');
      expect(calls).to.have.length(1);
      expect(await audit()).to.deep.equal([]);
    });
  });

  describe('who is in stays in', () => {
    it('W4 wrong guesses on an account do not touch what is proven', async () => {
      const { now, calls } = desk({ points: 3 });
      await now('home', 'ada', RIGHT);
      for (const i of range(20)) await now(`attacker ${i}`, 'ada', `guess ${i}`);
      const before = calls.length;
      expect(await now('home', 'ada', RIGHT)).to.equal('proven');
      expect(calls).to.have.length(before);
    });

    it('B7 a source that proved itself gets in although its account is full, others do not', async () => {
      using clock = stopClock();
      const { now } = desk({ points: 3 });
      await now('home', 'ada', RIGHT);
      clock.advance(WINDOW_MS);
      for (const i of range(20)) await now(`attacker ${i}`, 'ada', `guess ${i}`);
      expect(await now('home', 'ada', RIGHT)).to.equal('proven');
      expect(await now('elsewhere', 'ada', RIGHT)).to.equal('too_many_attempts');
    });

    it('guesses from elsewhere at the credential of somebody who is in are limited too', async () => {
      const { now } = desk({ points: 3 });
      await now('home', 'ada', RIGHT);
      for (const i of range(3)) await now('attacker', 'ada', `guess ${i}`);
      expect(await now('attacker', 'ada', RIGHT)).to.equal('too_many_attempts');
      expect(await now('home', 'ada', RIGHT)).to.equal('proven');
    });
  });

  it('B11 a window that ends during a verification leaves a whole budget', async () => {
    using clock = stopClock();
    const { login, land, now, audit, store } = desk({ points: 3 });
    await now('client', 'ada', 'guess 1');
    await now('client', 'ada', 'guess 2');
    const late = login('client', 'ada', RIGHT);
    await settled();
    clock.advance(WINDOW_MS);
    store.forgetFailures();
    await land();
    expect(told(await late.result)).to.equal('proven');
    expect(await audit()).to.deep.equal([]);
  });

  describe('1,000 random interleavings', function () {
    this.timeout(60_000);

    const client = fc.constantFrom('client 1', 'client 2', 'client 3');
    const account = fc.constantFrom('ada', 'eve');
    const pick = fc.nat({ max: 50 });
    const stepOf = (password: fc.Arbitrary<string>): fc.Arbitrary<Step> =>
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({ act: fc.constant('login' as const), client, account, password }),
        },
        { weight: 4, arbitrary: fc.record({ act: fc.constant('land' as const), pick }) },
        { weight: 1, arbitrary: fc.record({ act: fc.constant('crash' as const), pick }) },
        { weight: 1, arbitrary: fc.record({ act: fc.constant('leave' as const), pick }) },
        { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const) }) },
      );

    it('never break the budget, never let a wrong credential in, never refuse for attempts in flight', async () => {
      const password = fc.constantFrom(RIGHT, 'guess 1', 'guess 2', 'guess 3', 'guess 4');
      const scenario = fc.array(stepOf(password), { minLength: 5, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 4 }),
          fc.boolean(),
          scenario,
          async (points, cached, steps) => {
            using clock = stopClock();
            const { running, store, login, landAll, audit } = desk({ points, proofCache: cached });
            const logins: Login[] = [];
            for (const step of steps) await take(step, clock, store, running, logins, login);
            await landAll();
            const results = await Promise.all(logins.map(({ result }) => result));
            await landAll();
            expect(await audit()).to.deep.equal([]);
            expect(store.open).to.equal(0);
            for (const [i, result] of results.entries()) {
              if (result.kind === 'proven') expect(logins[i]?.password).to.equal(RIGHT);
            }
          },
        ),
        { numRuns: 1000 },
      );
    });

    it('of wrong credentials alone verify no more than points per account and per address', async () => {
      const scenario = fc.array(stepOf(fc.string({ maxLength: 3 })), { minLength: 5, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 4 }), scenario, async (points, steps) => {
          using clock = stopClock();
          const { running, store, calls, login, landAll } = desk({ points });
          const logins: Login[] = [];
          for (const step of steps) {
            if (step.act === 'login' || step.act === 'land')
              await take(step, clock, store, running, logins, login);
          }
          await landAll();
          await Promise.all(logins.map(({ result }) => result));
          for (const name of ['ada', 'eve']) {
            expect(calls.filter((call) => call.account === name).length).to.be.at.most(points);
          }
        }),
        { numRuns: 200 },
      );
    });
  });
});

type Step =
  | {
      readonly act: 'login';
      readonly client: string;
      readonly account: string;
      readonly password: string;
    }
  | { readonly act: 'land' | 'crash' | 'leave'; readonly pick: number }
  | { readonly act: 'wait' };

async function take(
  step: Step,
  clock: { advance(ms: number): void },
  store: AuditedStore,
  running: Running[],
  logins: Login[],
  login: (client: string, account: string, password: string) => Login,
): Promise<void> {
  if (step.act === 'login') {
    logins.push(login(step.client, step.account, step.password));
  } else if (step.act === 'wait') {
    clock.advance(WINDOW_MS + 1);
    store.forgetFailures();
  } else if (step.act === 'leave') {
    logins[step.pick % (logins.length || 1)]?.leave();
  } else {
    const [call] = running.splice(step.pick % (running.length || 1), 1);
    if (step.act === 'crash') call?.fail(new Error('down'));
    else call?.open(call.password === RIGHT ? { subject: call.account } : null);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
