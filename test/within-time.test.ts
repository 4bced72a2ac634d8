import { expect } from 'chai';

import { type End, isPending, TimeUp, untilAborted, withinTime } from '../lib/within-time.js';
import { holdTimeouts } from './support/clock.js';
import { gate } from './support/gate.js';
import { failsOnUnhandledRejections } from './support/unhandled.js';

describe('withinTime', () => {
  failsOnUnhandledRejections();

  const MS = 4321;

  it('answers what the work answers, at once or later, and leaves no timer', async () => {
    using timeouts = holdTimeouts(MS);
    expect(await withinTime(() => 1, MS)).to.equal(1);
    expect(await withinTime(async () => 2, MS)).to.equal(2);
    expect(timeouts.count).to.equal(0);
  });

  it('rejects as the work throws or rejects, and leaves no timer', async () => {
    using timeouts = holdTimeouts(MS);
    const error = new Error('x');
    const fail = (): never => {
      throw error;
    };
    expect(await withinTime(fail, MS).catch((reason: unknown) => reason)).to.equal(error);
    expect(await withinTime(async () => fail(), MS).catch((reason: unknown) => reason)).to.equal(error);
    expect(timeouts.count).to.equal(0);
  });

  it('rejects when the time is over, and aborts the controller', async () => {
    using timeouts = holdTimeouts(MS);
    const controller = new AbortController();
    const outcome = withinTime(() => new Promise(() => {}), MS, controller).catch((error: unknown) => error);
    expect(controller.signal.aborted).to.equal(false);
    timeouts.fire();
    expect(await outcome)
      .to.be.instanceOf(TimeUp)
      .with.property('message', 'time is up');
    expect(controller.signal.aborted).to.equal(true);
    expect(controller.signal.reason).to.equal(await outcome);
  });

  it('stays a timeout although the work rejects because of the abort', async () => {
    using timeouts = holdTimeouts(MS);
    const controller = new AbortController();
    const work = (): Promise<void> =>
      new Promise((_, reject) => {
        controller.signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const outcome = withinTime(work, MS, controller).catch((error: unknown) => error);
    timeouts.fire();
    expect(await outcome).to.be.instanceOf(TimeUp);
  });

  for (const late of ['answer', 'rejection'] as const) {
    it(`D1 ignores a late ${late}`, async () => {
      using timeouts = holdTimeouts(MS);
      const slow = gate<number>();
      const outcome = withinTime(() => slow.opened, MS).catch(() => 'over');
      timeouts.fire();
      if (late === 'answer') slow.open(1);
      else slow.fail(new Error('late'));
      await new Promise((resolve) => setImmediate(resolve));
      expect(await outcome).to.equal('over');
    });
  }

  it('aborts nothing where the work is done in time', async () => {
    const controller = new AbortController();
    await withinTime(() => 1, MS, controller);
    expect(controller.signal.aborted).to.equal(false);
  });
});

describe('untilAborted', () => {
  failsOnUnhandledRejections();

  function ending(aborted = false): End & { readonly listeners: Set<() => void> } {
    const listeners = new Set<() => void>();
    return {
      aborted,
      listeners,
      onAbort(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }
  const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is what the work answers, or rejects with, and listens no longer', async () => {
    const end = ending();
    expect(await untilAborted(Promise.resolve(1), end)).to.equal(1);
    const error = new Error('x');
    expect(await untilAborted(Promise.reject(error), end).catch((reason: unknown) => reason)).to.equal(error);
    await rest();
    expect(end.listeners.size).to.equal(0);
  });

  it('is nothing as soon as the end comes, also where it has come before; what follows is ignored', async () => {
    for (const isEarly of [true, false]) {
      const end = ending(isEarly);
      const work = gate<number>();
      const answer = untilAborted(work.opened, end);
      if (!isEarly) for (const listener of end.listeners) listener();
      expect(await answer).to.equal(undefined);
      if (isEarly) work.open(1);
      else work.fail(new Error('late'));
      await rest();
      expect(end.listeners.size).to.equal(0);
    }
  });
});

describe('isPending', () => {
  /** As a property that is defined: a literal that has it looks like a mistake. */
  const withThen = (then: unknown, object: object = {}): PromiseLike<void> =>
    Object.defineProperty(object, 'then', { value: then }) as PromiseLike<void>;

  it('is so of whatever will answer later', () => {
    for (const answer of [
      Promise.resolve(),
      withThen(() => {}),
      withThen(
        () => {},
        () => {},
      ),
    ]) {
      expect(isPending(answer)).to.equal(true);
    }
    for (const answer of [undefined, null, true, 'then', {}, withThen(true)]) {
      expect(isPending<unknown>(answer)).to.equal(false);
    }
  });
});
