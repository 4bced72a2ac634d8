/** Something that makes one call at a time. */
interface Caller {
  call(): Promise<unknown>;
}

/** Each caller calls again as soon as it has its answer, for so long. Resolves to how many calls were served. */
export async function closedLoop(callers: readonly Caller[], milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  let served = 0;
  await Promise.all(
    callers.map(async (caller) => {
      do {
        await caller.call();
        served += 1;
      } while (performance.now() < end);
    }),
  );
  return served;
}

/** So many calls together, by whoever of the callers is free. */
export async function callTimes(callers: readonly Caller[], times: number): Promise<void> {
  let left = times;
  await Promise.all(
    callers.map(async (caller) => {
      while (left > 0) {
        left -= 1;
        await caller.call();
      }
    }),
  );
}

/**
 * Calls at a rate, whether or not earlier calls have had their answer. Resolves to what `call` did, when all is
 * answered.
 */
export async function openLoop<T>(
  perSecond: number,
  milliseconds: number,
  call: (index: number) => Promise<T>,
): Promise<T[]> {
  const since = performance.now();
  const total = Math.round((perSecond * milliseconds) / 1000);
  const results: Promise<T>[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - since) * perSecond) / 1000));
      while (results.length < due) {
        const result = call(results.length);
        result.catch(reject);
        results.push(result);
      }
      if (results.length < total) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  return Promise.all(results);
}
