import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { PrincipalFilter, RevocationTarget } from '../../lib/index.js';
import { until } from './gate.js';
import type { Asked, Counts, Login, Logout, NodeSetting, Questions, Told } from './node-setting.js';

/** A node with a process of its own; `await using` kills it. */
export interface NodeProcess extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly url: URL;
  readonly isAlive: boolean;
  /** What it wrote on its standard error. */
  readonly stderr: string;
  /** What its `startSession` and `endSession` did, in order. They stay when it is dead. */
  readonly logins: readonly Login[];
  readonly logouts: readonly Logout[];
  readonly pid: number;
  counts(): Promise<Counts>;
  /** Waits until its stores can be used. */
  ready(): Promise<void>;
  list(filter?: PrincipalFilter): Promise<ReturnType<Questions['list']>>;
  revoke(target: RevocationTarget): Promise<number>;
  /** Shuts it down in order; resolves to its exit code when it has ended by itself. */
  close(graceMs?: number): Promise<number | null>;
  /** `kill -9`. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

const PATIENCE_MS = 60_000;

/** Starts `children/node`, compiled or not as this file is, and waits until it listens. */
export async function nodeProcess(setting: NodeSetting): Promise<NodeProcess> {
  const isSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`./children/node.${isSource ? 'ts' : 'js'}`, import.meta.url));
  // Who is killed writes down no coverage, and measuring it takes the others time.
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const child = fork(path, {
    execArgv: isSource ? ['--import', 'tsx'] : [],
    env: { ...env, NODE_SETTING: JSON.stringify(setting) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const { ask, heard } = conversation(child);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const closed = once(child, 'close');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
  try {
    await until(`node ${setting.name} listens`, () => heard.port || hasEnded(), PATIENCE_MS);
  } catch (error) {
    await kill();
    throw error;
  }
  if (hasEnded()) throw new Error(`node ${setting.name} has ended:\n${heard.stderr}`);
  const port = heard.port ?? 0;
  return {
    name: setting.name,
    port,
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    get isAlive() {
      return !hasEnded();
    },
    get stderr() {
      return heard.stderr;
    },
    logins: heard.logins,
    logouts: heard.logouts,
    pid: child.pid ?? 0,
    counts: () => ask('counts'),
    ready: () => ask('ready'),
    list: (filter = {}) => ask('list', filter),
    revoke: (target) => ask('revoke', target),
    async close(graceMs = 1000) {
      await ask('close', graceMs);
      await until(`node ${setting.name} ends by itself`, hasEnded, PATIENCE_MS);
      return child.exitCode;
    },
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: kill,
  };
}

/** Nodes of the same setting, named `a`, `b`, `c`…, started at once. */
export function nodeProcesses(count: number, setting: Omit<NodeSetting, 'name'>): Promise<NodeProcess[]> {
  const names = [...'abcdefgh'].slice(0, count);
  return Promise.all(names.map((name) => nodeProcess({ ...setting, name })));
}

interface Conversation {
  readonly heard: { port?: number; stderr: string; readonly logins: Login[]; readonly logouts: Logout[] };
  ask<Verb extends keyof Questions>(
    verb: Verb,
    ...args: Parameters<Questions[Verb]>
  ): Promise<ReturnType<Questions[Verb]>>;
}

function conversation(child: ChildProcess): Conversation {
  const heard: Conversation['heard'] = { stderr: '', logins: [], logouts: [] };
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  child.stderr?.on('data', (chunk) => {
    heard.stderr += chunk;
  });
  child.on('message', (told: Told) => {
    if (told.tell === 'listening') heard.port = told.port;
    else if (told.tell === 'login') heard.logins.push(told.login);
    else if (told.tell === 'logout') heard.logouts.push(told.logout);
    else {
      const asker = waiting.get(told.id);
      waiting.delete(told.id);
      if (told.tell === 'answer') asker?.resolve(told.answer);
      else asker?.reject(new Error(told.message));
    }
  });
  child.once('close', () => {
    for (const { reject } of waiting.values()) reject(death());
    waiting.clear();
  });
  const death = (): Error =>
    new Error(`the node has ended with ${child.exitCode ?? child.signalCode}\n${heard.stderr}`);
  let asked = 0;
  return {
    heard,
    ask(verb, ...args) {
      asked += 1;
      const id = asked;
      return new Promise((resolve, reject) => {
        if (!child.connected) {
          reject(death());
          return;
        }
        waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
        child.send({ id, verb, args } as Asked, (error) => error && reject(error));
      });
    },
  };
}
