import { expect } from 'chai';

import { Backlog } from '../../lib/redis/backlog.js';
import { until } from '../support/gate.js';

const MINUTE_MS = 60_000;

/** Lets `performance.now()` tell a later time. */
function ahead(): Disposable & { by(ms: number): void } {
  const { now } = performance;
  let lead = 0;
  performance.now = () => now.call(performance) + lead;
  return {
    by(ms) {
      lead += ms;
    },
    [Symbol.dispose]() {
      performance.now = now;
    },
  };
}

describe('Backlog', () => {
  it('tries again until the work is done, and knows what is not', async () => {
    const backlog = new Backlog();
    let tries = 0;
    backlog.add('a', async () => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
    });
    expect(backlog.has('a')).to.equal(true);
    await until('it is done', () => !backlog.has('a'));
    expect(tries).to.equal(3);
  });

  it('waits longer from try to try, a second at most', async () => {
    const backlog = new Backlog();
    const tries: number[] = [];
    let isOver = false;
    backlog.add('a', async () => {
      tries.push(performance.now());
      if (!isOver) throw new Error('not yet');
    });
    await until('it was tried', () => tries.length === 6);
    isOver = true;
    const waits = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    for (const [i, least] of [200, 400, 800, 1000, 1000].entries()) {
      expect(waits[i]).to.be.within(least - 5, least + 2000);
    }
  });

  it('what is refused for good does not hold up the rest', async () => {
    const backlog = new Backlog();
    const done = new Set<number>();
    for (let i = 0; i < 60; i += 1) {
      backlog.add(`bad ${i}`, () => Promise.reject(new Error('never')));
    }
    for (let i = 0; i < 10; i += 1) backlog.add(`good ${i}`, async () => done.add(i));
    await until('the good ones are done', () => done.size === 10);
    expect(backlog.has('bad 0')).to.equal(true);
  });

  it('gives up after a minute', async () => {
    using time = ahead();
    const backlog = new Backlog();
    backlog.add('a', () => Promise.reject(new Error('never')));
    time.by(MINUTE_MS - 1000);
    backlog.hurry();
    await new Promise((resolve) => setImmediate(resolve));
    expect(backlog.has('a')).to.equal(true);
    time.by(1001);
    backlog.hurry();
    await until('it is dropped', () => !backlog.has('a'));
  });

  it('W24 holds 10,000 pieces of work, no more', () => {
    const backlog = new Backlog();
    for (let i = 0; i <= 10_000; i += 1) backlog.add(String(i), async () => {});
    expect(backlog.has('9999')).to.equal(true);
    expect(backlog.has('10000')).to.equal(false);
  });

  it('hurries when Redis has shown itself', async () => {
    const backlog = new Backlog();
    let tries = 0;
    backlog.add('a', async () => {
      tries += 1;
    });
    backlog.hurry();
    backlog.hurry();
    await new Promise((resolve) => setImmediate(resolve));
    expect(backlog.has('a')).to.equal(false);
    expect(tries).to.equal(1);
  });
});
