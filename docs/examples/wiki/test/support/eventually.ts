import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the answer is neither `undefined` nor `false`, and answers it. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  patienceMs = 20_000,
): Promise<T> {
  for (const since = Date.now(); Date.now() - since < patienceMs; await delay(50)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
  }
  throw new Error(`not within ${patienceMs} ms: ${what}`);
}
