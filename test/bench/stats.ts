/** The value below which that share of `values` lies, between neighbours where it falls between them. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A median with the quartiles around it. */
export interface Spread {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

export const spread = (values: readonly number[]): Spread => ({
  low: quantile(values, 0.25),
  mid: median(values),
  high: quantile(values, 0.75),
});

/** Each value against the one that was measured beside it. */
export const ratios = (values: readonly number[], baseline: readonly number[]): number[] =>
  values.map((value, index) => value / (baseline[index] ?? Number.NaN));
