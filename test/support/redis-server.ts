import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createClient } from 'redis';

import { freePort } from './free-port.js';
import { until } from './gate.js';
import { answersPing, type Skippable, skipOrFail } from './redis.js';

/** A redis-server of one's own; `await using` kills it and removes its data. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** One command, over a connection of its own. */
  command(...args: readonly string[]): Promise<unknown>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again, with the data that it kept. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Every write is answered with READONLY, as by a replica. */
  makeReadOnly(): Promise<void>;
  makeWritable(): Promise<void>;
}

export interface RedisServerOptions {
  /** Keeps what it has acknowledged, over `kill -9` too. Default: keeps nothing. */
  readonly keepsData?: boolean;
}

/** What a busy machine needs to start one. */
const PATIENCE_MS = 30_000;

/** Nobody listens there. */
const NO_MASTER = ['127.0.0.1', '1'] as const;

/** Skips where redis-server is not installed, and says so; with REQUIRE_SERVICES=1 that is a failure. */
export function needsRedisServer(context: Skippable): void {
  if (!isInstalled()) skipOrFail(context, 'redis-server is not installed');
}

export const isInstalled = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

export async function redisServer({ keepsData = false }: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'guards-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const args = Object.entries({
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: keepsData ? 'yes' : 'no',
    appendfsync: 'always',
    // Small, so that it is read quickly.
    'auto-aof-rewrite-min-size': '4mb',
  }).flatMap(([name, value]) => [`--${name}`, value]);
  const log = join(folder, 'log');
  let child: ChildProcess | undefined;
  const killAtExit = (): void => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };

  async function command(...words: readonly string[]): Promise<unknown> {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.sendCommand([...words]);
    } finally {
      client.destroy();
    }
  }

  async function start(): Promise<void> {
    const output = await open(log, 'a');
    const starting = spawn('redis-server', args, { stdio: ['ignore', output.fd, output.fd] });
    child = starting;
    // One that a failed test has left behind must not keep the process alive.
    starting.unref();
    await output.close();
    await until(
      'redis-server answers',
      async () => {
        if (hasEnded(starting)) throw new Error(`redis-server has ended:\n${await readFile(log, 'utf8')}`);
        return answersPing(url);
      },
      PATIENCE_MS,
    );
  }

  async function kill(): Promise<void> {
    if (!child || hasEnded(child)) return;
    const exited = once(child, 'exit');
    child.ref();
    child.kill('SIGKILL');
    await exited;
  }

  process.once('exit', killAtExit);
  await start();
  return {
    port,
    url,
    command,
    kill,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async makeReadOnly() {
      await command('REPLICAOF', ...NO_MASTER);
    },
    async makeWritable() {
      await command('REPLICAOF', 'NO', 'ONE');
    },
    async [Symbol.asyncDispose]() {
      await kill();
      process.off('exit', killAtExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
