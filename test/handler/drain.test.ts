import { expect } from 'chai';

import { Drain } from '../../lib/handler/drain.js';
import { holdTimeouts } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';

const GRACE_MS = 4321;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether a promise has settled by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const note = (): void => {
    done = true;
  };
  promise.then(note, note);
  await settle();
  return done;
}

describe('Drain', () => {
  failsOnUnhandledRejections();

  it('runs work, and answers what it answers', async () => {
    const drain = new Drain();
    const error = new Error('x');
    expect(await drain.run(async () => 5)).to.equal(5);
    expect(await drain.run(() => Promise.reject(error)).catch((reason: unknown) => reason)).to.equal(error);
  });

  it('W25 counts a piece of work that says more than once that it is done as one', async () => {
    const drain = new Drain();
    const [first, second] = [drain.begin(), drain.begin()];
    first();
    first();
    let isClosed = false;
    const closing = drain.close(60_000).then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).to.equal(false);
    second();
    await closing;
  });

  it('is closing from the first moment', () => {
    const drain = new Drain();
    expect(drain.isClosing).to.equal(false);
    void drain.close(0);
    expect(drain.isClosing).to.equal(true);
  });

  it('closes at once where nothing runs, or nothing any more', async () => {
    using timeouts = holdTimeouts(GRACE_MS);
    await new Drain().close(GRACE_MS);
    const drain = new Drain();
    await drain.run(async () => {});
    await drain.run(() => Promise.reject(new Error('x'))).catch(() => {});
    await drain.close(GRACE_MS);
    expect(timeouts.count).to.equal(0);
  });

  it('W25 waits for all that runs, however it ends', async () => {
    using timeouts = holdTimeouts(GRACE_MS);
    const drain = new Drain();
    const [one, two] = [gate(), gate()];
    const running = [drain.run(() => one.opened), drain.run(() => two.opened).catch(() => {})];
    const closing = drain.close(GRACE_MS);
    expect(await isDone(closing)).to.equal(false);
    one.open();
    expect(await isDone(closing)).to.equal(false);
    two.fail(new Error('x'));
    expect(await isDone(closing)).to.equal(true);
    expect(timeouts.count).to.equal(0);
    await Promise.all(running);
  });

  it('waits no longer than it should', async () => {
    using timeouts = holdTimeouts(GRACE_MS);
    const drain = new Drain();
    const slow = gate();
    const running = drain.run(() => slow.opened);
    const closing = drain.close(GRACE_MS);
    expect(await isDone(closing)).to.equal(false);
    timeouts.fire();
    expect(await isDone(closing)).to.equal(true);
    slow.open();
    await running;
  });

  it('waits not at all where there is no grace', async () => {
    const drain = new Drain();
    const slow = gate();
    const running = drain.run(() => slow.opened);
    expect(await isDone(drain.close(0))).to.equal(true);
    slow.open();
    await running;
  });
});
