export interface VirtualTime extends Disposable {
  readonly now: number;
  /** How many timers are set. */
  readonly pending: number;
  /** Lets `ms` milliseconds pass: whatever falls due runs, in order, and what follows from it has its turn. */
  advance(ms: number, settle: () => Promise<void>): Promise<void>;
}

interface Timer {
  due: number;
  readonly every: number | undefined;
  readonly run: () => void;
}

/** Stops `Date.now`, and every timeout and interval that is set from here on. */
export function virtualTime(): VirtualTime {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const { now: realNow } = Date;
  const timers = new Map<object, Timer>();
  let now = Math.ceil(realNow() / 1000) * 1000;
  Date.now = () => now;
  const setTimer =
    (isInterval: boolean) =>
    (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const every = Math.max(1, Number(ms) || 1);
      const handle = { ref: () => handle, unref: () => handle, hasRef: () => false };
      timers.set(handle, {
        due: now + every,
        every: isInterval ? every : undefined,
        run: () => run(...args),
      });
      return handle;
    };
  const clear = (real: (handle: never) => void) => (handle: unknown) => {
    if (!timers.delete(handle as object)) real(handle as never);
  };
  Object.assign(globalThis, {
    setTimeout: setTimer(false),
    setInterval: setTimer(true),
    clearTimeout: clear(clearTimeout),
    clearInterval: clear(clearInterval),
  });
  const nextBefore = (end: number): [object, Timer] | undefined => {
    let first: [object, Timer] | undefined;
    for (const entry of timers)
      if (entry[1].due <= end && (!first || entry[1].due < first[1].due)) first = entry;
    return first;
  };
  return {
    get now() {
      return now;
    },
    get pending() {
      return timers.size;
    },
    async advance(ms, settle) {
      const end = now + ms;
      for (let next = nextBefore(end); next; next = nextBefore(end)) {
        const [handle, timer] = next;
        now = Math.max(now, timer.due);
        if (timer.every === undefined) timers.delete(handle);
        else timer.due += timer.every;
        timer.run();
        await settle();
      }
      now = end;
    },
    [Symbol.dispose]() {
      Date.now = realNow;
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
    },
  };
}
