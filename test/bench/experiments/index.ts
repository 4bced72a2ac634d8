import { calls, largeBodies } from './calls.js';
import type { Experiment } from './experiment.js';
import { flood } from './flood.js';
import { initialize } from './initialize.js';
import { logins } from './logins.js';
import { refusals } from './refusals.js';
import { sessions } from './sessions.js';
import { sizes } from './sizes.js';
import { stores } from './stores.js';
import { v2 } from './v2.js';

/** The parts of a run, by the names that `--only` takes. */
export const EXPERIMENTS: readonly Experiment[] = [
  calls,
  largeBodies,
  v2,
  initialize,
  sessions,
  sizes,
  refusals,
  flood,
  logins,
  stores,
];
