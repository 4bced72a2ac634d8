import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Asked, Questions, SoakSetting, Told } from './sample.js';

/** The server under load, in a process of its own; `await using` kills it. */
export interface SoakedServer extends AsyncDisposable {
  readonly port: number;
  /** What it told of that must not happen. */
  readonly faults: readonly string[];
  ask<Verb extends keyof Questions>(
    verb: Verb,
    ...args: Parameters<Questions[Verb]>
  ): Promise<ReturnType<Questions[Verb]>>;
}

export async function soakedServer(setting: SoakSetting): Promise<SoakedServer> {
  const isSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`./child.${isSource ? 'ts' : 'js'}`, import.meta.url));
  // Coverage would be kept in the heap that is measured.
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const child = fork(path, {
    execArgv: ['--expose-gc', ...(isSource ? ['--import', 'tsx'] : [])],
    env: { ...env, SOAK_SETTING: JSON.stringify(setting) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const faults: string[] = [];
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (told: Told) => {
      if (told.tell === 'listening') resolve(told.port);
      else if (told.tell === 'fault') faults.push(told.what);
      else waiting.get(told.id)?.resolve(told.answer);
    });
    child.once('exit', (code, signal) => {
      const error = new Error(`the server has ended with ${code ?? signal}`);
      reject(error);
      for (const { reject: refuse } of waiting.values()) refuse(error);
    });
  });
  let asked = 0;
  return {
    port,
    faults,
    async ask(verb, ...args) {
      asked += 1;
      const id = asked;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      child.send({ id, verb, args } as Asked);
      try {
        return (await answer) as ReturnType<Questions[typeof verb]>;
      } finally {
        waiting.delete(id);
      }
    },
    [Symbol.asyncDispose]: () => kill(child),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
