import type { Profile } from './profiler.js';

/** Milliseconds by which the event loop was late. */
export interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a measured server can be asked, and what it answers. */
export interface Answers {
  /** Milliseconds of CPU that the process has used, its threads included. */
  cpu: number;
  /** Bytes that are in use after a garbage collection. */
  heap: number;
  watchDelay: null;
  delay: Delay;
  startProfile: null;
  /** Where the time has gone since. */
  profile: Profile;
}

export type Question = keyof Answers;
