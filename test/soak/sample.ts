/** What the server under load says of itself. */
export interface Sample {
  /** Milliseconds since the run began. */
  readonly atMs: number;
  /** Nobody calls, no session is left, and the heap has been collected. */
  readonly isQuiet: boolean;
  readonly heapBytes: number;
  /** How many of each kind keep the process alive: connections, timers, … */
  readonly resources: Readonly<Record<string, number>>;
  /** On the process and on the HTTP server. */
  readonly listeners: number;
  /** Of the event loop, since the last sample. */
  readonly delayP99Ms: number;
  /** Sessions that have begun and not ended, by the guards' own events, without those that live as long as the run. */
  readonly sessions: number;
  /** Sessions that ever began. */
  readonly begun: number;
  /** Requests that ever came. */
  readonly requests: number;
}

/** What is left behind on purpose, to see that it is noticed. */
export type Leak = 'servers' | 'timers' | 'listeners' | 'requests';

/** What the server is started with. */
export interface SoakSetting {
  readonly maxSessions: number;
  readonly idleSeconds: number;
  readonly leak?: Leak;
}

/** What it is asked for, and what it answers. */
export interface Questions {
  sample(isQuiet: boolean): Omit<Sample, 'atMs'>;
  /** Closes the guards and the handler, and mounts new ones in their place. */
  remount(): null;
  revoke(subject: string): number;
}

export type Asked = {
  [Verb in keyof Questions]: {
    readonly id: number;
    readonly verb: Verb;
    readonly args: Parameters<Questions[Verb]>;
  };
}[keyof Questions];

export type Told =
  | { readonly tell: 'listening'; readonly port: number }
  | { readonly tell: 'answer'; readonly id: number; readonly answer: unknown }
  /** Something that must not happen: a rejection that nobody handles, a warning, a failure of the server. */
  | { readonly tell: 'fault'; readonly what: string };
