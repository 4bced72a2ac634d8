import type { ProofCacheOptions } from '../credentials/proof-cache.js';
import { isRecord, type OptionRule, rule } from '../options.js';

/** For how long, and how many, proven credentials are remembered (as keyed hashes); `false` remembers none. */
export type ProofCacheOption =
  | {
      /** Default 60. */
      readonly ttlSeconds?: number;
      /** Default 10 000. */
      readonly max?: number;
    }
  | false;

const isKnown = ([key, value]: [string, unknown]): boolean =>
  value === undefined ||
  (key === 'ttlSeconds' && rule.seconds.test(value)) ||
  (key === 'max' && rule.count.test(value));

export const proofCacheRule: OptionRule = {
  must: 'false, or an object with ttlSeconds (a positive number) and max (a positive integer) at most',
  test: (value) => value === false || (isRecord(value) && Object.entries(value).every(isKnown)),
};

export function proofCacheOf(option: ProofCacheOption = {}): ProofCacheOptions | false {
  return option === false ? false : { ttlSeconds: option.ttlSeconds ?? 60, max: option.max ?? 10_000 };
}
