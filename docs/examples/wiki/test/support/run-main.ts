import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const WIKI_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

/** The wiki in a process of its own. */
export interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves once the output contains `text`; rejects if the process ends before. */
  until(text: string): Promise<void>;
  readonly exitCode: Promise<number | null>;
}

/** What the wiki prints last when it is up. */
export const IS_UP = 'Stop with Ctrl+C.';

/** Starts it with these settings alone; whoever starts it ends it. */
export function runMain(environment: Record<string, string>): Run {
  const { DATABASE_URL: _, REDIS_URL: __, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN], {
    cwd: WIKI_FOLDER,
    env: { ...inherited, PORT: '0', ...environment },
  });
  let output = '';
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (output.includes(text)) resolve();
      };
      child.stdout?.on('data', check);
      child.stderr?.on('data', check);
      exitCode.then(() => reject(new Error(`ended before "${text}":\n${output}`)), reject);
      check();
    });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  return { child, output: () => output, until, exitCode };
}
