import { expect } from 'chai';

import { type Attempt, Undoing } from '../../lib/redis/undoing.js';
import { type VirtualTime, virtualTime } from '../model/virtual-time.js';
import { settle } from '../support/settle.js';

const HOUR_MS = 3_600_000;

/** Has `attempt` done, and tells when it was begun, in milliseconds from now. */
function watch(time: VirtualTime, attempt: Attempt): readonly number[] {
  const begun: number[] = [];
  const start = time.now;
  new Undoing().start((onDone) => {
    begun.push(time.now - start);
    return attempt(onDone);
  });
  return begun;
}

const isAway = async (): Promise<void> => {
  throw new Error('away');
};

describe('doing again what has to be done', () => {
  let time: VirtualTime;
  beforeEach(() => {
    time = virtualTime();
  });
  afterEach(() => time[Symbol.dispose]());
  const pass = (ms: number) => time.advance(ms, settle);

  it('tries until it is done, and waits longer each time, but not for ever', async () => {
    const begun = watch(time, isAway);
    await pass(HOUR_MS);
    expect(begun).to.deep.equal([
      ...[250, 750, 1750, 3750, 7750, 15_750, 31_750],
      ...[61_750, 91_750, 121_750, 151_750, 181_750],
    ]);
    expect(time.pending).to.equal(0);
  });

  it('is over with the first attempt that succeeds', async () => {
    const begun = watch(time, async () => {
      if (begun.length < 3) throw new Error('away');
    });
    await pass(HOUR_MS);
    expect(begun).to.deep.equal([250, 750, 1750]);
  });

  it('is over at once where an attempt turns out to be done before it is rejected', async () => {
    const begun = watch(time, async (onDone) => {
      onDone();
      throw new Error('no answer in time');
    });
    await pass(250);
    expect(begun).to.deep.equal([250]);
    expect(time.pending).to.equal(0);
  });

  it('is over where an attempt turns out to be done while the next is waited for', async () => {
    let tell = (): void => {};
    const begun = watch(time, async (onDone) => {
      tell = onDone;
      throw new Error('no answer in time');
    });
    await pass(500);
    tell();
    await pass(HOUR_MS);
    expect(begun).to.deep.equal([250]);
  });

  it('does no more than a thousand at once', async () => {
    const undoing = new Undoing();
    let count = 0;
    const start = () =>
      undoing.start(async () => {
        count += 1;
      });
    for (let n = 0; n < 1001; n += 1) start();
    await pass(250);
    expect(count).to.equal(1000);
    start();
    await pass(250);
    expect(count).to.equal(1001);
  });
});
