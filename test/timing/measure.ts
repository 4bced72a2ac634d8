import type { Random } from '../fuzz/random.js';
import { auc } from './auc.js';

/** Something that answers, and must not be told from the others by how long that takes. */
export interface Kind {
  readonly name: string;
  act(): unknown;
}

export interface Comparison {
  readonly name: string;
  readonly against: string;
  readonly auc: number;
  readonly medianUs: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * Times each of `kinds` `pairs` times, in turns of random order, and compares every one with the first. Before that
 * each is run a while, so that nobody is measured while code is being compiled.
 */
export async function compare(
  kinds: readonly Kind[],
  pairs: number,
  random: Random,
  onTurn: (done: number) => void,
): Promise<Comparison[]> {
  const times = new Map(kinds.map(({ name }) => [name, [] as number[]]));
  const turn = async (isMeasured: boolean): Promise<void> => {
    const left = [...kinds];
    while (left.length > 0) {
      const [kind] = left.splice(random.below(left.length), 1);
      const since = process.hrtime.bigint();
      await kind?.act();
      const took = Number(process.hrtime.bigint() - since);
      if (isMeasured && kind) times.get(kind.name)?.push(took);
    }
  };
  for (let warm = 0; warm < Math.min(pairs, 500); warm += 1) await turn(false);
  for (let done = 0; done < pairs; done += 1) {
    await turn(true);
    onTurn(done + 1);
  }
  const [first, ...others] = kinds;
  const base = times.get(first?.name ?? '') ?? [];
  return others.map(({ name }) => {
    const own = times.get(name) ?? [];
    return {
      name,
      against: first?.name ?? '',
      auc: auc(base, own),
      medianUs: (median(own) - median(base)) / 1000,
    };
  });
}
