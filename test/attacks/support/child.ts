import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { until } from '../../support/gate.js';

/** A module of `children/` that runs in a Node of its own. */
export interface Child extends Disposable {
  readonly process: ChildProcessByStdio<null, Readable, null>;
  /** Its next line, parsed. */
  line<T>(): Promise<T>;
  /** Waits until it has ended by itself; resolves to its exit code. */
  exit(): Promise<number | null>;
}

const PATIENCE_MS = 300_000;

/**
 * Runs a module of `children/` with a Node of its own, compiled or not as this file is. Nothing here waits for ever:
 * a process that does not end is killed, or it would keep the pipes of this one open.
 */
export function start(name: string, ...args: readonly string[]): Child {
  const isSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`../children/${name}.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const loader = isSource ? ['--import', 'tsx'] : [];
  // V8 counts in the heap where it measures coverage.
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--expose-gc', ...loader, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const lines: string[] = [];
  let isSilent = false;
  createInterface(child.stdout)
    .on('line', (line) => lines.push(line))
    .on('close', () => {
      isSilent = true;
    });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    process: child,
    async line() {
      await until(`${name} says something`, () => lines.length > 0 || isSilent, PATIENCE_MS);
      return JSON.parse(lines.shift() ?? '"ended without a word"');
    },
    async exit() {
      await until(`${name} ends by itself`, hasEnded, 15_000);
      return child.exitCode;
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
