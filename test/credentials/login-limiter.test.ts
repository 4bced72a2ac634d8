import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';

import { expect } from 'chai';

import { type LoginKeyName, LoginLimiter } from '../../lib/credentials/login-limiter.js';
import { MemoryLoginStore } from '../../lib/credentials/memory-login-store.js';
import type { McpGuardError } from '../../lib/errors.js';
import type { Attempt } from '../../lib/request-state.js';
import type { LoginKeys, LoginReservation, LoginStore } from '../../lib/types.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { recordingStore } from '../support/recording-store.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { room, settled } from './support.js';

const ALL: readonly LoginKeyName[] = ['ip', 'ip+account', 'account'];
/** After so long a waiting attempt asks the store again. */
const ASK_AGAIN_MS = 100;
const HASH = /^[\w-]{43}$/;
const { signal } = new AbortController();

function limiterOf(
  options: {
    points?: number;
    durationSeconds?: number;
    keys?: readonly LoginKeyName[];
    store?: LoginStore;
    maxWaiting?: number;
  } = {},
): { limiter: LoginLimiter; store: LoginStore } {
  const { points = 3, durationSeconds = 60, keys = ALL, maxWaiting = 64 } = options;
  const store = options.store ?? new MemoryLoginStore();
  return {
    limiter: new LoginLimiter({ budget: { points, durationSeconds }, keys, store, maxWaiting }),
    store,
  };
}

/** A store that answers as told; a function is called. */
function scripted(
  ...answers: readonly (LoginReservation | (() => LoginReservation | Promise<LoginReservation>))[]
): LoginStore & { readonly asked: LoginKeys[] } {
  const asked: LoginKeys[] = [];
  return {
    asked,
    reserve(keys) {
      const answer = answers[Math.min(asked.push(keys), answers.length) - 1];
      if (answer === undefined) throw new Error('no answer');
      return typeof answer === 'function' ? answer() : answer;
    },
    settle() {},
  };
}

const RESERVED: LoginReservation = { status: 'reserved', id: 'id', keys: {} };
const BUSY: LoginReservation = { status: 'busy', key: 'the key' };

async function refusal(reserving: Promise<Attempt>): Promise<McpGuardError> {
  try {
    await reserving;
  } catch (error) {
    return error as McpGuardError;
  }
  throw new Error('it was reserved');
}

async function failed(limiter: LoginLimiter, client: string, account: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await (await limiter.reserve(client, account, signal)).settle('failed');
  }
}

describe('LoginLimiter', () => {
  failsOnUnhandledRejections();

  it('tells its window in milliseconds', () => {
    expect(limiterOf({ durationSeconds: 90 }).limiter.windowMs).to.equal(90_000);
  });

  describe('its keys', () => {
    async function keysFor(
      keys: readonly LoginKeyName[],
      client: string,
      account: string | undefined,
    ): Promise<LoginKeys> {
      const store = scripted(RESERVED);
      await limiterOf({ keys, store }).limiter.reserve(client, account, signal);
      return store.asked[0] ?? {};
    }

    it('are those that were chosen', async () => {
      expect(await keysFor(ALL, 'client', 'ada')).to.have.all.keys('ip', 'ipAccount', 'account');
      expect(await keysFor(['ip'], 'client', 'ada')).to.have.all.keys('ip');
      expect(await keysFor(['account'], 'client', 'ada')).to.have.all.keys('account');
      expect(await keysFor(['ip+account'], 'client', 'ada')).to.have.all.keys('ipAccount');
    });

    it('are of the address alone where no account is named', async () => {
      expect(await keysFor(ALL, 'client', undefined)).to.have.all.keys('ip');
      expect(await keysFor(['account'], 'client', undefined)).to.deep.equal({});
    });

    it('B13 are hashes, however long or strange the names are', async () => {
      for (const account of ['ada', '', '__proto__', 'a:b', '\n', 'x'.repeat(1_000_000)]) {
        const keys = await keysFor(ALL, 'client', account);
        for (const key of Object.values(keys) as string[]) expect(key).to.match(HASH);
      }
    });

    it('A6 are distinct for distinct names, and the same for the same', async () => {
      const names = [
        ['client', 'ada'],
        ['client a', 'da'],
        ['clientada', ''],
        ['ada', 'client'],
      ] as const;
      const all = await Promise.all(names.map(([client, account]) => keysFor(ALL, client, account)));
      expect(new Set(all.map(({ ipAccount }) => ipAccount)).size).to.equal(names.length);
      expect(await keysFor(ALL, 'client', 'ada')).to.deep.equal(all[0]);
      const [first] = all;
      expect(new Set(Object.values(first ?? {})).size).to.equal(3);
    });
  });

  describe('refuses', () => {
    it('when failures fill a key, with the seconds that are left', async () => {
      using clock = stopClock();
      const { limiter } = limiterOf();
      await failed(limiter, 'client', 'ada', 3);
      clock.advance(10_500);
      expect(await refusal(limiter.reserve('client', 'ada', signal))).to.include({
        code: 'too_many_attempts',
        retryAfterSeconds: 50,
      });
    });

    it('when the store throws or rejects, and keeps the cause to itself', async () => {
      const outage = new Error('redis://:secret@db is down');
      for (const fail of [
        () => {
          throw outage;
        },
        () => Promise.reject(outage),
      ]) {
        const error = await refusal(limiterOf({ store: scripted(fail) }).limiter.reserve('c', 'a', signal));
        expect(error).to.include({ code: 'unavailable', cause: outage });
        expect(error.message).to.not.include('secret');
      }
    });
  });

  describe('lets wait', () => {
    it('those whom attempts in flight hold up, until one of these is given back', async () => {
      const { limiter } = limiterOf({ points: 1 });
      const first = await limiter.reserve('client', 'ada', signal);
      let isReserved = false;
      const second = limiter.reserve('client', 'ada', signal).then((attempt) => {
        isReserved = true;
        return attempt;
      });
      await settled();
      expect(isReserved).to.equal(false);
      await first.settle('released');
      await (await second).settle('released');
    });

    it('and refuses them once failures fill the key', async () => {
      const { limiter } = limiterOf({ points: 1 });
      const first = await limiter.reserve('client', 'ada', signal);
      const second = refusal(limiter.reserve('client', 'ada', signal));
      await settled();
      await first.settle('failed');
      expect(await second).to.include({ code: 'too_many_attempts' });
    });

    it('W2 right credentials, however many at once: none is refused', async () => {
      const { limiter } = limiterOf({ points: 5 });
      const users = Array.from({ length: 50 }, (_, i) => `user ${i}`);
      let running = 0;
      let most = 0;
      await Promise.all(
        users.map(async (user) => {
          const attempt = await limiter.reserve('one address', user, new AbortController().signal);
          running += 1;
          most = Math.max(most, running);
          await settled();
          running -= 1;
          await attempt.settle('proven');
        }),
      );
      expect(most).to.equal(5);
    });

    it('at most maxWaiting for one key, and as many for another', async () => {
      const { limiter } = limiterOf({ points: 1, maxWaiting: 2, keys: ['account'] });
      const first = await limiter.reserve('client', 'ada', signal);
      const other = await limiter.reserve('client', 'eve', signal);
      const waiting = [1, 2].map(() => limiter.reserve('client', 'ada', signal));
      await settled();
      expect(await refusal(limiter.reserve('client', 'ada', signal))).to.include({ code: 'unavailable' });
      const others = [1, 2].map(() => limiter.reserve('client', 'eve', signal));
      await settled();
      await first.settle('released');
      await other.settle('released');
      for (const turn of [...waiting, ...others]) void turn.then((attempt) => attempt.settle('released'));
      await Promise.all([...waiting, ...others]);
    });

    it('nobody whose client is gone, and frees the place', async () => {
      using timeouts = holdTimeouts(ASK_AGAIN_MS);
      const { limiter } = limiterOf({ points: 1, maxWaiting: 1 });
      const first = await limiter.reserve('client', 'ada', signal);
      const controller = new AbortController();
      const gone = refusal(limiter.reserve('client', 'ada', controller.signal));
      await until('it listens', () => getEventListeners(controller.signal, 'abort').length === 1);
      controller.abort();
      expect(await gone).to.include({ code: 'unavailable' });
      expect(getEventListeners(controller.signal, 'abort')).to.have.length(0);
      expect(timeouts.count).to.equal(0);
      const next = limiter.reserve('client', 'ada', signal);
      await settled();
      await first.settle('released');
      await (await next).settle('released');
    });

    it('and takes no points for a client that went away while it waited', async () => {
      const store = scripted(BUSY, RESERVED);
      const controller = new AbortController();
      const gone = refusal(limiterOf({ store }).limiter.reserve('client', 'ada', controller.signal));
      await until('it listens', () => getEventListeners(controller.signal, 'abort').length === 1);
      controller.abort();
      expect(await gone).to.include({ code: 'unavailable' });
      expect(store.asked).to.have.length(1);
    });

    it('nobody whose client was gone before', async () => {
      using _timeouts = holdTimeouts(ASK_AGAIN_MS);
      const { limiter } = limiterOf({ points: 1 });
      await limiter.reserve('client', 'ada', signal);
      expect(await refusal(limiter.reserve('client', 'ada', AbortSignal.abort()))).to.include({
        code: 'unavailable',
      });
    });

    it('and listens to no signal any more once the wait is over', async () => {
      const { limiter } = limiterOf({ points: 1 });
      const controller = new AbortController();
      for (let i = 0; i < 3; i += 1) {
        const first = await limiter.reserve('client', 'ada', signal);
        const second = limiter.reserve('client', 'ada', controller.signal);
        await settled();
        await first.settle('released');
        await (await second).settle('released');
      }
      expect(getEventListeners(controller.signal, 'abort')).to.have.length(0);
    });

    it('nobody in vain: what is given back while the store still answers counts', async () => {
      using _timeouts = holdTimeouts(ASK_AGAIN_MS);
      const slow = gate<LoginReservation>();
      const store = scripted(RESERVED, () => slow.opened, RESERVED);
      const { limiter } = limiterOf({ store });
      const first = await limiter.reserve('client', 'ada', signal);
      const second = limiter.reserve('client', 'ada', signal);
      await first.settle('released');
      slow.open(BUSY);
      await second;
      expect(store.asked).to.have.length(3);
    });

    it('those whom attempts of another node hold up no longer than these last', async () => {
      const store = scripted(BUSY, BUSY, RESERVED);
      await limiterOf({ store }).limiter.reserve('client', 'ada', signal);
      expect(store.asked).to.have.length(3);
    });

    it('and wakes those who are left when another has gone', async () => {
      using _timeouts = holdTimeouts(ASK_AGAIN_MS);
      const { limiter } = limiterOf({ points: 1 });
      const first = await limiter.reserve('client', 'ada', signal);
      const leaving = new AbortController();
      const gone = refusal(limiter.reserve('client', 'ada', leaving.signal));
      const left = limiter.reserve('client', 'ada', signal);
      await settled();
      leaving.abort();
      expect(await gone).to.include({ code: 'unavailable' });
      await first.settle('released');
      await (await left).settle('released');
    });

    it('in the order they came, one of them asking at a time', async () => {
      using timeouts = holdTimeouts(ASK_AGAIN_MS);
      const { store, asked } = recordingStore();
      const { limiter } = limiterOf({ points: 1, store, keys: ['ip'] });
      const first = await limiter.reserve('client', undefined, signal);
      const served: number[] = [];
      const waiting = Array.from({ length: 20 }, (_, index) =>
        limiter.reserve('client', undefined, signal).then((attempt) => {
          served.push(index);
          return attempt.settle('released');
        }),
      );
      await settled();
      expect(asked).to.have.length(21);
      expect(timeouts.count).to.equal(1);
      timeouts.fire();
      await settled();
      expect(asked, 'asked for all of them').to.have.length(22);
      await first.settle('released');
      await Promise.all(waiting);
      expect(served).to.deep.equal(waiting.map((_, index) => index));
      expect(asked.length, 'asked by each in its turn, and once more by some').to.be.at.most(22 + 2 * 20);
    });

    it('nobody for what does not hold him up any more: who is busy at another key now stands there', async () => {
      using timeouts = holdTimeouts(ASK_AGAIN_MS);
      const at = (key: string): LoginReservation => ({ status: 'busy', key });
      const store = scripted(at('one'), at('one'), at('other'), RESERVED, RESERVED);
      const { limiter } = limiterOf({ store });
      const moves = limiter.reserve('a', 'ada', signal);
      await settled();
      const next = limiter.reserve('b', 'ada', signal);
      await settled();
      expect(store.asked).to.have.length(2);
      timeouts.fire();
      await next;
      expect(timeouts.count, 'the one who moved is first there').to.equal(1);
      timeouts.fire();
      await moves;
      expect(store.asked).to.have.length(5);
    });

    it('those in front of one who leaves undisturbed', async () => {
      using _timeouts = holdTimeouts(ASK_AGAIN_MS);
      const store = scripted(BUSY);
      const { limiter } = limiterOf({ store });
      const controllers = [new AbortController(), new AbortController()];
      const waiting = controllers.map((controller) =>
        refusal(limiter.reserve('a', 'ada', controller.signal)),
      );
      await settled();
      for (const [index, controller] of [...controllers.entries()].reverse()) {
        controller.abort();
        expect(await waiting[index]).to.include({ code: 'unavailable' });
        await settled();
      }
      expect(store.asked).to.have.length(2);
    });

    it('nobody behind a question that the store does not answer, once its time is over', async () => {
      using timeouts = holdTimeouts(ASK_AGAIN_MS);
      const never = gate<LoginReservation>();
      const store = scripted(BUSY, BUSY, () => never.opened, RESERVED);
      const { limiter } = limiterOf({ store, maxWaiting: 2 });
      const controller = new AbortController();
      const hangs = refusal(limiter.reserve('a', 'ada', controller.signal));
      await settled();
      const next = limiter.reserve('b', 'ada', signal);
      await settled();
      timeouts.fire();
      await settled();
      expect(store.asked).to.have.length(3);
      controller.abort();
      await next;
      expect(getEventListeners(controller.signal, 'abort')).to.have.length(0);
      never.open(BUSY);
      expect(await hangs).to.include({ code: 'unavailable' });
      expect(timeouts.count).to.equal(0);
    });

    it('and wakes them although the store fails to settle', async () => {
      const down = new Error('down');
      const inner = new MemoryLoginStore();
      const store: LoginStore = {
        reserve: (keys, budget) => inner.reserve(keys, budget),
        async settle(reservation, outcome, budget) {
          await inner.settle(reservation, outcome, budget);
          throw down;
        },
      };
      const { limiter } = limiterOf({ points: 1, store });
      const first = await limiter.reserve('client', 'ada', signal);
      const second = limiter.reserve('client', 'ada', signal);
      await settled();
      expect(await first.settle('released').catch((error: unknown) => error)).to.equal(down);
      await second;
    });
  });

  it('has one key for one source and one account on nodes of every version', async () => {
    const store = scripted(RESERVED);
    await limiterOf({ store }).limiter.reserve('198.51.100.1', 'ada@example.com', signal);
    // SHA-256 of ["ip","198.51.100.1"], and so on, in base64url.
    const hash = (...parts: readonly string[]): string =>
      createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
    expect(store.asked).to.deep.equal([
      {
        ip: hash('ip', '198.51.100.1'),
        ipAccount: hash('ip+account', '198.51.100.1', 'ada@example.com'),
        account: hash('account', 'ada@example.com'),
      },
    ]);
  });

  it('remembers no key that nobody waits for any more', async () => {
    using timeouts = holdTimeouts(ASK_AGAIN_MS);
    const holders = new Set<Map<unknown, unknown>>();
    const { set } = Map.prototype;
    Map.prototype.set = function (key: unknown, value: unknown) {
      if (key === 'the key') holders.add(this);
      return set.call(this, key, value);
    };
    try {
      const { limiter } = limiterOf({ store: scripted(BUSY, BUSY, RESERVED) });
      const waiting = [limiter.reserve('a', 'ada', signal), limiter.reserve('b', 'ada', signal)];
      await settled();
      expect([...holders].map((holder) => holder.has('the key'))).to.deep.equal([true]);
      timeouts.fire();
      await Promise.all(waiting);
      expect([...holders].map((holder) => holder.has('the key'))).to.deep.equal([false]);
    } finally {
      Map.prototype.set = set;
    }
  });

  describe('vouch', () => {
    async function lockedOut(keys: readonly LoginKeyName[] = ALL): Promise<LoginLimiter> {
      const { limiter } = limiterOf({ keys });
      for (let i = 0; i < 3; i += 1) await failed(limiter, `attacker ${i}`, 'ada', 1);
      return limiter;
    }

    it('makes the source of an account known', async () => {
      const limiter = await lockedOut();
      expect(await refusal(limiter.reserve('home', 'ada', signal))).to.include({ code: 'too_many_attempts' });
      await limiter.vouch('home', 'ada');
      await limiter.reserve('home', 'ada', signal);
      expect(await refusal(limiter.reserve('elsewhere', 'ada', signal))).to.include({
        code: 'too_many_attempts',
      });
    });

    it('spends nothing', async () => {
      const { limiter, store } = limiterOf();
      await limiter.vouch('home', 'ada');
      const asked = scripted(RESERVED);
      await limiterOf({ store: asked }).limiter.reserve('home', 'ada', signal);
      for (const [kind, key] of Object.entries(asked.asked[0] ?? {})) {
        expect(await room(store, { [kind]: key }, { points: 3, durationSeconds: 60 })).to.equal(3);
      }
    });

    it('does nothing without an account, or where sources are not counted', async () => {
      const store = scripted(RESERVED);
      await limiterOf({ store }).limiter.vouch('home', undefined);
      await limiterOf({ store, keys: ['ip', 'account'] }).limiter.vouch('home', 'ada');
      expect(store.asked).to.deep.equal([]);
    });

    it('does nothing for a source whose own budget is spent', async () => {
      const { limiter } = limiterOf({ keys: ['ip+account'] });
      await failed(limiter, 'home', 'ada', 3);
      await limiter.vouch('home', 'ada');
      expect(await refusal(limiter.reserve('home', 'ada', signal))).to.include({ code: 'too_many_attempts' });
    });

    it('settles nothing that was not reserved', async () => {
      const full: LoginReservation = { status: 'full', retryAfterSeconds: 1 };
      for (const [answer, expected] of [
        [RESERVED, [RESERVED]],
        [full, []],
        [BUSY, []],
      ] as const) {
        const seen: LoginReservation[] = [];
        const store = {
          ...scripted(answer),
          settle: (reservation: LoginReservation) => void seen.push(reservation),
        };
        await limiterOf({ store }).limiter.vouch('home', 'ada');
        expect(seen).to.deep.equal(expected);
      }
    });

    it('outlives an outage of the store', async () => {
      const store = scripted(() => Promise.reject(new Error('down')));
      await limiterOf({ store }).limiter.vouch('home', 'ada');
      expect(store.asked).to.have.length(1);
    });
  });
});
