import fc from 'fast-check';

import { corpusOf } from './corpus.js';
import { mutate } from './mutate.js';
import { randomOf } from './random.js';
import { faultOf, type Target } from './target.js';

export interface Find {
  readonly target: string;
  readonly seed: number;
  readonly value: string;
  readonly fault: string;
}

export interface LoopOptions {
  readonly seed: number;
  /** How many values to try. */
  readonly count: number;
}

/** Values built by the grammar that join the pool of a loop. */
const FROM_GRAMMAR = 200;
/** One in so many changed values takes a place in the pool, so that changes add up. */
const ONE_IN = 16;
const MAX_CHANGED = 500;

/** The values that a loop over `target` begins with. */
export function poolOf(target: Target, seed: number): string[] {
  const fromGrammar = fc.sample(target.values, { seed, numRuns: FROM_GRAMMAR });
  return [...target.seeds, ...corpusOf(target.name), ...fromGrammar];
}

/** Tries `count` changed values on `target`, the same ones for the same seed. The first that does not hold is the find. */
export function fuzz(target: Target, { seed, count }: LoopOptions): Find | undefined {
  const random = randomOf(seed);
  const pool = poolOf(target, seed);
  const atFirst = pool.length;
  for (let done = 0; done < count; done += 1) {
    const value = mutate(random, pool, target.pieces);
    const fault = faultOf(target, value);
    if (fault !== undefined) return { target: target.name, seed, value, fault };
    if (random.below(ONE_IN) === 0)
      pool[atFirst + random.below(Math.min(pool.length - atFirst + 1, MAX_CHANGED))] = value;
  }
  return undefined;
}
