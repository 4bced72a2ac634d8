import { expect } from 'chai';

import { Backlog } from '../../lib/redis/backlog.js';
import { type VirtualTime, virtualTime } from '../model/virtual-time.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';

const MINUTE_MS = 60_000;

const never = (): Promise<never> => Promise.reject(new Error('never'));

describe('Backlog', () => {
  const { now: realNow } = performance;
  let time: VirtualTime;
  beforeEach(() => {
    time = virtualTime();
    performance.now = () => time.now;
  });
  afterEach(() => {
    time[Symbol.dispose]();
    performance.now = realNow;
  });
  const pass = (ms: number) => time.advance(ms, settle);

  it('tries again until the work is done, and knows what is not', async () => {
    const backlog = new Backlog();
    let tries = 0;
    backlog.add('a', async () => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
    });
    expect(backlog.has('a')).to.equal(true);
    expect(backlog.has('b')).to.equal(false);
    await pass(299);
    expect([tries, backlog.has('a')]).to.deep.equal([1, true]);
    await pass(MINUTE_MS);
    expect([tries, backlog.has('a')]).to.deep.equal([3, false]);
    expect(time.pending).to.equal(0);
  });

  it('waits longer from try to try, a second at most; anew for what comes when all is done', async () => {
    const backlog = new Backlog();
    const start = time.now;
    const tries: number[] = [];
    let isBack = false;
    const work = async (): Promise<void> => {
      tries.push(time.now - start);
      if (!isBack) throw new Error('not yet');
    };
    backlog.add('a', work);
    await pass(4500);
    isBack = true;
    await pass(500);
    expect(tries).to.deep.equal([100, 300, 700, 1500, 2500, 3500, 4500]);
    await pass(500);
    expect(tries.at(-1)).to.equal(5500);
    backlog.add('b', work);
    await pass(100);
    expect(tries.at(-1)).to.equal(5600);
  });

  it('waits for one time, however much is owed, and does not wait while it tries', async () => {
    const backlog = new Backlog();
    const held = gate();
    backlog.add('a', () => held.opened);
    backlog.add('b', async () => {});
    expect(time.pending).to.equal(1);
    await pass(100);
    let isTried = false;
    backlog.add('c', async () => {
      isTried = true;
    });
    expect(time.pending).to.equal(0);
    await pass(MINUTE_MS - 200);
    expect(isTried).to.equal(false);
    held.open();
    await settle();
    // With the rest at once: Redis is there.
    expect(isTried).to.equal(true);
    expect(time.pending).to.equal(0);
  });

  it('waits where Redis takes some of it, and refuses the rest', async () => {
    const backlog = new Backlog();
    let tries = 0;
    backlog.add('good', async () => {});
    backlog.add('bad', () => {
      tries += 1;
      return never();
    });
    await pass(100);
    expect([backlog.has('good'), tries]).to.deep.equal([false, 1]);
  });

  it('tries fifty at once, and what is refused for good does not hold up the rest', async () => {
    const backlog = new Backlog();
    const done = new Set<number>();
    let tries = 0;
    for (let i = 0; i < 60; i += 1) {
      backlog.add(`bad ${i}`, () => {
        tries += 1;
        return never();
      });
    }
    for (let i = 0; i < 10; i += 1) backlog.add(`good ${i}`, async () => done.add(i));
    await pass(100);
    expect(tries).to.equal(50);
    await pass(200);
    expect(done.size).to.equal(10);
    expect(backlog.has('bad 0')).to.equal(true);
  });

  for (const [ms, isKept] of [
    [MINUTE_MS - 1, true],
    [MINUTE_MS, false],
  ] as const) {
    it(`${isKept ? 'has not given up' : 'has given up, and tries no more,'} after ${ms} ms`, async () => {
      const backlog = new Backlog();
      const tries: number[] = [];
      const start = time.now;
      backlog.add('a', () => {
        tries.push(time.now - start);
        return never();
      });
      await pass(ms);
      backlog.hurry();
      await settle();
      expect(backlog.has('a')).to.equal(isKept);
      expect(tries.includes(ms)).to.equal(isKept);
      expect(time.pending).to.equal(isKept ? 1 : 0);
    });
  }

  it('W24 holds 10,000 pieces of work, no more', () => {
    const backlog = new Backlog();
    for (let i = 0; i <= 10_000; i += 1) backlog.add(String(i), async () => {});
    expect(backlog.has('9999')).to.equal(true);
    expect(backlog.has('10000')).to.equal(false);
  });

  it('hurries when Redis has shown itself, once', async () => {
    const backlog = new Backlog();
    let tries = 0;
    backlog.add('a', async () => {
      tries += 1;
    });
    backlog.hurry();
    backlog.hurry();
    await settle();
    expect(backlog.has('a')).to.equal(false);
    expect([tries, time.pending]).to.deep.equal([1, 0]);
  });

  it('waits but a little after a try in a hurry', async () => {
    const backlog = new Backlog();
    let tries = 0;
    backlog.add('a', () => {
      tries += 1;
      return never();
    });
    await pass(4000);
    backlog.hurry();
    await settle();
    const before = tries;
    await pass(199);
    expect(tries).to.equal(before);
    await pass(1);
    expect(tries).to.equal(before + 1);
  });
});
