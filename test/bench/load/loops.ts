/** Something that makes one call at a time. */
interface Caller {
  call(): Promise<unknown>;
}

/**
 * Each caller calls again as soon as it has its answer, until there were so many calls or the time is up. Resolves to
 * how many calls were served.
 */
export async function closedLoop(
  callers: readonly Caller[],
  calls: number,
  milliseconds: number,
): Promise<number> {
  const end = performance.now() + milliseconds;
  let begun = 0;
  await Promise.all(
    callers.map(async (caller) => {
      while (begun < calls && performance.now() < end) {
        begun += 1;
        await caller.call();
      }
    }),
  );
  return begun;
}

/** So many calls, however long they take. */
export const callTimes = (callers: readonly Caller[], calls: number): Promise<number> =>
  closedLoop(callers, calls, Number.POSITIVE_INFINITY);

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
