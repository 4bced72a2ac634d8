import { expect } from 'chai';

import type { LoginKeys, LoginStore } from '../../lib/types.js';
import { fail, reserved, room } from './support.js';

const budget = { points: 3, durationSeconds: 60 };
const keys: LoginKeys = { ip: 'ip', ipAccount: 'source', account: 'account' };
const DAY_MS = 24 * 3600 * 1000;

/** Stores under test, and the time that they live in. */
export interface World extends AsyncDisposable {
  /** A store without any count, apart from all others. */
  open(): LoginStore;
  /** Lets `ms` milliseconds pass, give or take the time that the test itself takes. */
  pass(ms: number): Promise<void>;
}

/** What every `LoginStore` promises. Titles name the threats, as far as a store can withstand them. */
export function loginStoreSuite(openWorld: () => Promise<World>): void {
  let world: World;
  const pass = (ms: number): Promise<void> => world.pass(ms);

  beforeEach(async () => {
    world = await openWorld();
  });
  afterEach(() => world?.[Symbol.asyncDispose]());

  describe('reserve', () => {
    it('takes one point of every key', async () => {
      const store = world.open();
      const reservation = await reserved(store, keys, budget);
      expect(reservation.keys).to.deep.equal(keys);
      for (const [kind, key] of Object.entries(keys)) {
        expect(await room(store, { [kind]: key }, budget)).to.equal(2);
      }
    });

    it('takes what is asked for only', async () => {
      const store = world.open();
      expect((await reserved(store, { ip: 'ip' }, budget)).keys).to.deep.equal({ ip: 'ip' });
      expect((await reserved(store, {}, budget)).keys).to.deep.equal({});
      expect(await room(store, { account: 'account' }, budget)).to.equal(3);
    });

    it('takes no point of any key where one has none', async () => {
      const store = world.open();
      await fail(store, { account: 'account' }, budget, 3);
      expect(await store.reserve(keys, budget)).to.include({ status: 'full' });
      expect(await room(store, { ip: 'ip' }, budget)).to.equal(3);
      expect(await room(store, { ipAccount: 'source' }, budget)).to.equal(3);
    });

    it('is busy, and names the key, where attempts in flight fill it together with failures', async () => {
      const store = world.open();
      await fail(store, { account: 'account' }, budget, 1);
      const first = await reserved(store, keys, budget);
      await reserved(store, { account: 'account' }, budget);
      expect(await store.reserve(keys, budget)).to.deep.equal({ status: 'busy', key: 'account' });
      await store.settle(first, 'released', budget);
      expect(await store.reserve(keys, budget)).to.include({ status: 'reserved' });
    });

    it('is full only by failures, and says so although attempts in flight fill another key', async () => {
      const store = world.open();
      for (let i = 0; i < 3; i += 1) await reserved(store, { ip: 'ip' }, budget);
      await fail(store, { account: 'account' }, budget, 3);
      expect(await store.reserve(keys, budget)).to.deep.equal({ status: 'full', retryAfterSeconds: 60 });
    });

    it('never overshoots under parallel asking', async () => {
      const store = world.open();
      const answers = await Promise.all(Array.from({ length: 200 }, () => store.reserve(keys, budget)));
      expect(answers.filter(({ status }) => status === 'reserved')).to.have.length(3);
      expect(answers.filter(({ status }) => status === 'busy')).to.have.length(197);
    });

    it('gives every reservation an id of its own', async () => {
      const store = world.open();
      const ids = await Promise.all([1, 2, 3].map(async () => (await reserved(store, keys, budget)).id));
      expect(new Set(ids).size).to.equal(3);
    });
  });

  describe('settle', () => {
    it('failed: the points stay spent', async () => {
      const store = world.open();
      await fail(store, keys, budget, 1);
      for (const [kind, key] of Object.entries(keys)) {
        expect(await room(store, { [kind]: key }, budget)).to.equal(2);
      }
    });

    it('released: the points are given back, failures stay', async () => {
      const store = world.open();
      await fail(store, keys, budget, 1);
      await store.settle(await reserved(store, keys, budget), 'released', budget);
      for (const [kind, key] of Object.entries(keys)) {
        expect(await room(store, { [kind]: key }, budget)).to.equal(2);
      }
    });

    it('W3 proven: only the source is cleared, never the address or the account', async () => {
      const store = world.open();
      await fail(store, keys, budget, 2);
      await store.settle(await reserved(store, keys, budget), 'proven', budget);
      expect(await room(store, { ip: 'ip' }, budget)).to.equal(1);
      expect(await room(store, { account: 'account' }, budget)).to.equal(1);
      expect(await room(store, { ipAccount: 'source' }, budget)).to.equal(3);
    });

    for (const [first, second] of [
      ['failed', 'released'],
      ['failed', 'proven'],
      ['failed', 'failed'],
      ['released', 'released'],
      ['released', 'failed'],
      ['proven', 'released'],
    ] as const) {
      it(`B11 ${first}, then ${second}: the second does nothing`, async () => {
        const [once, twice] = [world.open(), world.open()];
        for (const store of [once, twice]) {
          await reserved(store, keys, budget);
          const reservation = await reserved(store, keys, budget);
          await store.settle(reservation, first, budget);
          if (store === twice) await store.settle(reservation, second, budget);
        }
        for (const [kind, key] of Object.entries(keys)) {
          const one = { [kind]: key };
          expect(await room(twice, one, budget), kind).to.equal(await room(once, one, budget));
        }
      });
    }

    it('knows nothing of a reservation that is not its own', async () => {
      const store = world.open();
      await store.settle({ status: 'reserved', id: 'stranger', keys }, 'failed', budget);
      await store.settle({ status: 'reserved', id: 'stranger', keys }, 'released', budget);
      expect(await room(store, keys, budget)).to.equal(3);
    });
  });

  describe('the window', () => {
    it('ends durationSeconds after its first failure', async () => {
      const store = world.open();
      await fail(store, keys, budget, 1);
      await pass(30_000);
      await fail(store, keys, budget, 2);
      await pass(29_000);
      expect(await store.reserve(keys, budget)).to.include({ status: 'full' });
      await pass(1000);
      expect(await room(store, keys, budget)).to.equal(3);
    });

    it('tells how long it lasts: whole seconds, rounded up, one at least', async () => {
      const store = world.open();
      await fail(store, { ip: 'ip' }, budget, 3);
      const retryAfter = async (): Promise<unknown> => {
        const answer = await store.reserve(keys, budget);
        return answer.status === 'full' && answer.retryAfterSeconds;
      };
      expect(await retryAfter()).to.equal(60);
      await pass(29_500);
      expect(await retryAfter()).to.equal(31);
      await pass(30_000);
      expect(await retryAfter()).to.equal(1);
    });

    it('of several full keys the longest counts', async () => {
      const store = world.open();
      await fail(store, { ip: 'ip' }, budget, 3);
      await pass(20_000);
      await fail(store, { account: 'account' }, budget, 3);
      expect(await store.reserve(keys, budget)).to.deep.equal({ status: 'full', retryAfterSeconds: 60 });
    });

    for (const outcome of ['failed', 'proven', 'released'] as const) {
      it(`B11 that ends during an attempt which is then ${outcome} leaves no count below zero`, async () => {
        const store = world.open();
        await fail(store, keys, budget, 2);
        const reservation = await reserved(store, keys, budget);
        await pass(60_000);
        await store.settle(reservation, outcome, budget);
        expect(await room(store, { ip: 'ip' }, budget)).to.equal(outcome === 'failed' ? 2 : 3);
        await pass(60_000);
        expect(await room(store, { ip: 'ip' }, budget)).to.equal(3);
      });
    }

    it('takes the longest window that there is', async () => {
      const long = { points: 1, durationSeconds: 2_147_483 };
      const store = world.open();
      await fail(store, keys, long, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await pass(2_147_482_000);
      expect(await store.reserve(keys, long)).to.include({ status: 'full' });
    });
  });

  describe('a known source', () => {
    const owner: LoginKeys = { ip: 'home', ipAccount: 'home of ada', account: 'account' };

    async function lockedOut(): Promise<LoginStore> {
      const store = world.open();
      await store.settle(await reserved(store, owner, budget), 'proven', budget);
      await fail(store, { account: 'account' }, budget, 3);
      return store;
    }

    it('B7 is not held up by its account, and is reserved without it', async () => {
      const store = await lockedOut();
      expect((await reserved(store, owner, budget)).keys).to.deep.equal({
        ip: 'home',
        ipAccount: 'home of ada',
      });
    });

    it('is not held up by attempts in flight on its account either', async () => {
      const store = world.open();
      await store.settle(await reserved(store, owner, budget), 'proven', budget);
      for (let i = 0; i < 3; i += 1) await reserved(store, { account: 'account' }, budget);
      expect((await reserved(store, owner, budget)).keys).to.not.have.property('account');
    });

    it('counts on its account as long as there is room', async () => {
      const store = world.open();
      await store.settle(await reserved(store, owner, budget), 'proven', budget);
      await fail(store, owner, budget, 1);
      expect(await room(store, { account: 'account' }, budget)).to.equal(2);
    });

    it('has a budget of its own, no more', async () => {
      const store = await lockedOut();
      await fail(store, owner, budget, 3);
      expect(await store.reserve(owner, budget)).to.include({ status: 'full' });
    });

    it('is still held up by its address', async () => {
      const store = await lockedOut();
      await fail(store, { ip: 'home' }, budget, 3);
      expect(await store.reserve(owner, budget)).to.include({ status: 'full' });
    });

    it('says nothing about another source, or about no source', async () => {
      const store = await lockedOut();
      expect(await store.reserve({ ...owner, ipAccount: 'elsewhere' }, budget)).to.include({
        status: 'full',
      });
      expect(await store.reserve({ ip: 'home', account: 'account' }, budget)).to.include({ status: 'full' });
    });

    it('becomes known by proof alone', async () => {
      const store = world.open();
      await store.settle(await reserved(store, owner, budget), 'released', budget);
      await fail(store, { account: 'account' }, budget, 3);
      expect(await store.reserve(owner, budget)).to.include({ status: 'full' });
    });

    it('is known for 30 days', async () => {
      const store = world.open();
      await store.settle(await reserved(store, owner, budget), 'proven', budget);
      await pass(30 * DAY_MS - 10_000);
      await fail(store, { account: 'account' }, budget, 3);
      expect(await store.reserve(owner, budget)).to.include({ status: 'reserved' });
      await pass(10_000);
      expect(await store.reserve(owner, budget)).to.include({ status: 'full' });
    });
  });
}
