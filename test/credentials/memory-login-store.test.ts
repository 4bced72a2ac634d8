import { expect } from 'chai';

import { MemoryLoginStore } from '../../lib/credentials/memory-login-store.js';
import type { LoginKeys } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { loginStoreSuite, type World } from './login-store-suite.js';
import { fail, reserved, room } from './support.js';

const budget = { points: 3, durationSeconds: 60 };
const keys: LoginKeys = { ip: 'ip', ipAccount: 'source', account: 'account' };
const KNOWN_MS = 30 * 24 * 3600 * 1000;

async function inMemory(): Promise<World> {
  const clock = stopClock();
  return {
    open: () => new MemoryLoginStore(),
    pass: async (ms) => clock.advance(ms),
    [Symbol.asyncDispose]: async () => clock[Symbol.dispose](),
  };
}

describe('MemoryLoginStore', () => {
  loginStoreSuite(inMemory);

  it('counts a failure that is recorded while it still reads', async () => {
    const store = new MemoryLoginStore();
    const last = await reserved(store, keys, { points: 1, durationSeconds: 60 });
    const asking = store.reserve(keys, { points: 1, durationSeconds: 60 });
    await store.settle(last, 'failed', { points: 1, durationSeconds: 60 });
    expect(await asking).to.include({ status: 'full' });
  });

  it('keeps nothing for keys that an attempt does not have, so that others keep their place', async () => {
    const store = new MemoryLoginStore({ maxKeys: 1 });
    await fail(store, { account: 'ada' }, budget, 3);
    await fail(store, { ip: 'ip' }, budget, 1);
    expect(await store.reserve({ account: 'ada' }, budget)).to.include({ status: 'full' });
  });

  it('ends a window to the millisecond, and tells whole seconds until the last of them', async () => {
    using clock = stopClock();
    const store = new MemoryLoginStore();
    await fail(store, keys, budget, 3);
    clock.advance(59_999);
    expect(await store.reserve(keys, budget)).to.deep.equal({ status: 'full', retryAfterSeconds: 1 });
    clock.advance(1);
    expect(await room(store, keys, budget)).to.equal(3);
  });

  it('takes the longest window that there is, to the millisecond', async () => {
    using clock = stopClock();
    const long = { points: 1, durationSeconds: 2_147_483 };
    const store = new MemoryLoginStore();
    await fail(store, keys, long, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    clock.advance(2_147_482_999);
    expect(await store.reserve(keys, long)).to.include({ status: 'full' });
  });

  it('knows a source for 30 days, to the millisecond', async () => {
    using clock = stopClock();
    const store = new MemoryLoginStore();
    const owner: LoginKeys = { ipAccount: 'source', account: 'account' };
    await store.settle(await reserved(store, owner, budget), 'proven', budget);
    clock.advance(KNOWN_MS - 1);
    await fail(store, { account: 'account' }, budget, 3);
    expect(await store.reserve(owner, budget)).to.include({ status: 'reserved' });
    clock.advance(1);
    expect(await store.reserve(owner, budget)).to.include({ status: 'full' });
  });

  describe('W24 memory', () => {
    it('is bounded: of more than maxKeys of one kind, those that failed longest ago make room', async () => {
      const store = new MemoryLoginStore({ maxKeys: 3 });
      for (const ip of ['a', 'b', 'c', 'a', 'd']) await fail(store, { ip }, budget, 1);
      const left = await Promise.all(['a', 'b', 'c', 'd'].map((ip) => room(store, { ip }, budget)));
      expect(left).to.deep.equal([1, 3, 2, 2]);
    });

    it('B4 of one kind is none of another', async () => {
      const store = new MemoryLoginStore({ maxKeys: 3 });
      await fail(store, { account: 'victim' }, budget, 3);
      await fail(store, { ipAccount: 'source' }, budget, 3);
      for (let i = 0; i < 50; i += 1) await fail(store, { ip: `ip ${i}` }, budget, 1);
      expect(await room(store, { account: 'victim' }, budget)).to.equal(0);
      expect(await room(store, { ipAccount: 'source' }, budget)).to.equal(0);
    });

    it('holds for known sources', async () => {
      const store = new MemoryLoginStore({ maxKeys: 2 });
      for (const ipAccount of ['a', 'b', 'c']) {
        await store.settle(await reserved(store, { ipAccount }, budget), 'proven', budget);
      }
      await fail(store, { account: 'account' }, budget, 3);
      const spared = async (ipAccount: string): Promise<string> =>
        (await store.reserve({ ipAccount, account: 'account' }, budget)).status;
      expect(await Promise.all(['a', 'b', 'c'].map(spared))).to.deep.equal(['full', 'reserved', 'reserved']);
    });
  });
});
