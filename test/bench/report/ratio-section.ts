import type { Costs } from '../compare.js';
import { median, ratios, type Spread, spread } from '../stats.js';
import { ratioText } from './section.js';

/** `name` against `baseline`, round by round. */
export const ratioOf = (costs: Costs, name: string, baseline: string): Spread =>
  spread(ratios(costs.get(name) ?? [], costs.get(baseline) ?? []));

export const RATIO_HEAD = ['', 'CPU of one, ms', 'for each CPU second', 'ratio (quartiles)'] as const;

/** A row for each, against `baseline`. */
export function ratioRows(costs: Costs, baseline: string): string[][] {
  return [...costs].map(([name, values]) => {
    const cost = median(values);
    return [
      name,
      cost.toFixed(3),
      String(Math.round(1000 / cost)),
      name === baseline ? '1' : ratioText(ratioOf(costs, name, baseline)),
    ];
  });
}
