import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a process of its own, compiled or not as this file is. */
export async function command(
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
  onStart: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const isSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`../../../lib/audit/main.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const child = spawn(process.execPath, [...(isSource ? ['--import', 'tsx'] : []), path, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStart(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
