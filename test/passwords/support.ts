import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** As little as the bounds allow. */
export const CHEAP = { ln: 10, r: 8, p: 1 } as const;

/** One run of scrypt: what it cost. */
export interface ScryptRun {
  readonly length: number;
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly maxmem: number;
}

interface Scrypts {
  /** Those of the current test. */
  (): readonly ScryptRun[];
  /** The most that ran at once in the current test. */
  atOnce(): number;
}

/** Watches `crypto.scrypt` in every test of the suite it is called in. */
export function scryptCalls(): Scrypts {
  const original = crypto.scrypt;
  let runs: ScryptRun[] = [];
  let running = 0;
  let most = 0;
  beforeEach(() => {
    runs = [];
    most = 0;
    const spy = (...[password, salt, length, options, done]: Parameters<typeof original>) => {
      const { N, r, p, maxmem } = options;
      runs.push({ length, N, r, p, maxmem } as ScryptRun);
      running += 1;
      most = Math.max(most, running);
      original(password, salt, length, options, (...result) => {
        running -= 1;
        done(...result);
      });
    };
    crypto.scrypt = spy as unknown as typeof original;
    syncBuiltinESMExports();
  });
  afterEach(() => {
    crypto.scrypt = original;
    syncBuiltinESMExports();
  });
  return Object.assign(() => runs, { atOnce: () => most });
}

/** What a promise is rejected with; fails where it is fulfilled. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
