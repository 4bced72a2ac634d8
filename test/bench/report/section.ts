import type { Spread } from '../stats.js';

/** What goals are judged by. */
export type Facts = Readonly<Record<string, Spread>>;

/** One bar of the picture. */
export interface Bar {
  readonly label: string;
  readonly ratio: Spread;
  readonly isOurs: boolean;
}

/** What one part of the run has found. */
export interface Section {
  /** The name of its markers in the page. */
  readonly id: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly facts?: Facts;
  readonly bars?: readonly Bar[];
  /** What could not be measured, and why. */
  readonly skipped?: readonly string[];
}

const digits = (value: number): number => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

export const number = (value: number): string => value.toFixed(digits(value));

/** A median and its quartiles: `0.98 (0.96–1.01)`. */
export const ratioText = ({ low, mid, high }: Spread): string => {
  const places = digits(mid);
  return `**${mid.toFixed(places)}** (${low.toFixed(places)}–${high.toFixed(places)})`;
};
