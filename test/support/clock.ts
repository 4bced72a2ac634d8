export interface Clock extends Disposable {
  /** Lets `ms` milliseconds pass: intervals that fall due run, in order. */
  advance(ms: number): void;
}

interface Interval {
  readonly every: number;
  readonly run: () => void;
  due: number;
}

/** Stops `Date.now` and every interval made from here on. Timeouts run on. */
export function stopClock(): Clock {
  const real = {
    now: Date.now,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  const intervals = new Map<unknown, Interval>();
  let now = real.now();
  Date.now = () => now;
  globalThis.setInterval = ((run: () => void, every: number) => {
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => false };
    intervals.set(handle, { every, run, due: now + every });
    return handle;
  }) as unknown as typeof setInterval;
  globalThis.clearInterval = ((handle: NodeJS.Timeout) => {
    if (!intervals.delete(handle)) real.clearInterval(handle);
  }) as typeof clearInterval;
  return {
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...intervals.values()].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
        if (!next) break;
        now = Math.max(now, next.due);
        next.due += next.every;
        next.run();
      }
      now = end;
    },
    [Symbol.dispose]() {
      Date.now = real.now;
      globalThis.setInterval = real.setInterval;
      globalThis.clearInterval = real.clearInterval;
    },
  };
}

export interface HeldTimeouts extends Disposable {
  /** How many of them are set and neither cleared nor fired. */
  readonly count: number;
  /** Lets those that are set run out. */
  fire(): void;
}

/** Holds the timeouts of exactly `ms` milliseconds that are set from here on; all others run on. */
export function holdTimeouts(ms: number): HeldTimeouts {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const held = new Map<unknown, () => void>();
  globalThis.setTimeout = ((run: (...args: unknown[]) => void, after?: number, ...args: unknown[]) => {
    if (after !== ms) return real.setTimeout(run, after, ...args);
    const handle = { ref: () => handle, unref: () => handle };
    held.set(handle, () => run(...args));
    return handle;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((handle: NodeJS.Timeout) => {
    if (!held.delete(handle)) real.clearTimeout(handle);
  }) as typeof clearTimeout;
  return {
    get count() {
      return held.size;
    },
    fire() {
      for (const [handle, run] of [...held]) if (held.delete(handle)) run();
    },
    [Symbol.dispose]() {
      globalThis.setTimeout = real.setTimeout;
      globalThis.clearTimeout = real.clearTimeout;
    },
  };
}
