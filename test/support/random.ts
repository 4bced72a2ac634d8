/** Random numbers that a seed decides. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number;
  /** Throws where there is nothing to pick from. */
  pick<T>(from: readonly T[]): T;
  /** Another one, decided by the same seed, that does not disturb this one. */
  fork(): Random;
}

export function random(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    pick(from) {
      const [picked] = from.slice(between(0, from.length - 1));
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
    fork: () => random(between(0, 2 ** 32 - 1)),
  };
}

/** The value below which this part of them lies; 0 where there are none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
