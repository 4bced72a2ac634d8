/** libuv's own default. */
const POOL_THREADS = 4;

/**
 * How many hashes may run at once on so many processors, with this `UV_THREADPOOL_SIZE`. One processor stays free for
 * the thread that answers, and one thread of the pool for files and names: whoever knocks with passwords must not make
 * those wait who are proven.
 */
export function hashesAtOnce(processors: number, poolSize: string | undefined): number {
  return Math.max(1, Math.min(processors, Number(poolSize) || POOL_THREADS) - 1);
}

/** Runs at most `atOnce` tasks at a time; the others wait, and begin in the order they came. */
export function takingTurns(atOnce: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = atOnce;

  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
