import fc from 'fast-check';

import { anything } from './anything.js';
import { Model } from './model.js';
import { Place } from './place.js';
import { checkEnd, settled } from './rules.js';
import type { Sabotage } from './sabotage.js';
import { virtualTime } from './virtual-time.js';

export interface RunOptions {
  readonly count: number;
  readonly seed: number;
  readonly path?: string;
  /** With a path of one-by-one: what it says after `replayPath`. */
  readonly replay?: string;
  readonly sabotage?: Sabotage;
  /** Whether a failure is told as it came, not made small. */
  readonly isFirstEnough?: boolean;
  /** How many things happen in one run, at most. */
  readonly length?: number;
  readonly onRun?: () => void;
}

/** What fast-check is told. */
export function parametersOf({
  count,
  seed,
  path,
  isFirstEnough = false,
}: RunOptions): fc.Parameters<unknown> {
  const replay = path === undefined ? {} : { path };
  return { numRuns: count, seed, ...replay, endOnFailure: isFirstEnough || path !== undefined };
}

/** Calls, time, revocations and faults, one after the other, against what is promised of them. */
export function oneByOne(options: RunOptions): Promise<fc.RunDetails<unknown>> {
  const { sabotage, length = 40, replay, onRun } = options;
  const some = fc.commands([anything], {
    maxCommands: length,
    size: 'max',
    ...(replay !== undefined && { replayPath: replay }),
  });
  const property = fc.asyncProperty(some, async (commands) => {
    onRun?.();
    using time = virtualTime();
    const place = new Place(time.now, (_what, answer) => answer(), sabotage);
    await place.ready;
    const real = { place, time, streams: new Map() };
    try {
      await fc.asyncModelRun(() => ({ model: new Model(time.now), real }), commands);
      place.faults.store = false;
      await place.close();
      await settled();
      checkEnd(real);
    } finally {
      place.deafen();
    }
  });
  return fc.check(
    property,
    parametersOf(options) as fc.Parameters<[typeof some extends fc.Arbitrary<infer T> ? T : never]>,
  ) as Promise<fc.RunDetails<unknown>>;
}
