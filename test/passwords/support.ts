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

/** Watches `crypto.scrypt` in every test of the suite it is called in; answers the runs of the current test. */
export function scryptCalls(): () => readonly ScryptRun[] {
  const original = crypto.scrypt;
  let runs: ScryptRun[] = [];
  beforeEach(() => {
    runs = [];
    const spy = (...args: Parameters<typeof original>) => {
      const [, , length, { N, r, p, maxmem }] = args;
      runs.push({ length, N, r, p, maxmem } as ScryptRun);
      original(...args);
    };
    crypto.scrypt = spy as unknown as typeof original;
    syncBuiltinESMExports();
  });
  afterEach(() => {
    crypto.scrypt = original;
    syncBuiltinESMExports();
  });
  return () => runs;
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
