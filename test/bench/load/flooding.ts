import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('./flood.js', import.meta.url));

/** What `flood.js` is started with. */
export interface Flood {
  readonly port: number;
  readonly perSecond: number;
  readonly milliseconds: number;
  /** No two floods of a server have the same addresses: those of the last are locked out. */
  readonly block: number;
  /** How many honest people there are, whose accounts are guessed at. */
  readonly people: number;
}

/** A flood that has its connections, and waits for its beginning. Resolves to how often each status came. */
export type ReadyFlood = () => Promise<Readonly<Record<string, number>>>;

/** Starts the process of a flood: that, and 384 connections at once, are no part of what is measured. */
export function readyFlood({ port, perSecond, milliseconds, block, people }: Flood): Promise<ReadyFlood> {
  const child = fork(ENTRY, [port, perSecond, milliseconds, block, people].map(String));
  return new Promise((resolve, reject) => {
    const counts = new Promise<Readonly<Record<string, number>>>((resolveCounts, rejectCounts) => {
      child.on('message', (message: { counts?: Readonly<Record<string, number>> }) => {
        if (message.counts) resolveCounts(message.counts);
        else
          resolve(() => {
            child.send('begin');
            return counts;
          });
      });
      child.once('exit', (code) => {
        const error = new Error(`the flood ended with ${code}`);
        rejectCounts(error);
        reject(error);
      });
    });
    counts.catch(() => {});
  });
}
