import type { Plan } from '../compare.js';
import type { Section } from '../report/section.js';

/** How much of everything. */
export interface Scale {
  readonly calls: Plan;
  /** For what is measured many times over: sizes, stores, refusals. */
  readonly rest: Plan;
  /** How many sessions are held, in ascending order. */
  readonly sessions: readonly number[];
  /** Seconds of one round under a storm of logins. */
  readonly stormSeconds: number;
  readonly stormRounds: number;
}

export const FULL: Scale = {
  calls: { generations: 3, rounds: 6, calls: 1500, warmUp: 3000 },
  rest: { generations: 2, rounds: 4, calls: 1000, warmUp: 2000 },
  sessions: [100, 1000, 10_000],
  stormSeconds: 5,
  stormRounds: 5,
};

export const QUICK: Scale = {
  calls: { generations: 2, rounds: 5, calls: 1500, warmUp: 1500 },
  rest: { generations: 1, rounds: 3, calls: 600, warmUp: 1000 },
  sessions: [100, 10_000],
  stormSeconds: 4,
  stormRounds: 5,
};

export interface Tools {
  readonly scale: Scale;
  /** Why a package that is installed for the run alone is missing; nothing where it is there. */
  missing(name: string): string | undefined;
}

export interface Experiment {
  readonly name: string;
  run(tools: Tools): Promise<readonly Section[]>;
}
