import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createClient } from 'redis';

import { freePort } from './free-port.js';
import { until } from './gate.js';

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

const PATIENCE_MS = 30_000;
/** Nobody listens there. */
const NO_MASTER = ['127.0.0.1', '1'] as const;

/**
 * For `before`: skips the suite where redis-server is not installed, and says so; a failure where REQUIRE_SERVICES asks
 * for it.
 */
export function needsRedisServer(context: Mocha.Context): void {
  if (isInstalled()) return;
  const text = 'redis-server is not installed';
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(text);
  console.log(`Redis: skipped, ${text}`);
  context.skip();
}

export const isInstalled = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

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
  let child: ChildProcess | undefined;
  const killAtExit = (): void => void child?.kill('SIGKILL');

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
    let output = '';
    const starting = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child = starting;
    for (const stream of [starting.stdout, starting.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    await until(
      'redis-server answers',
      async () => {
        if (starting.exitCode !== null) throw new Error(`redis-server has ended:\n${output}`);
        return (await command('PING').catch(() => undefined)) === 'PONG';
      },
      PATIENCE_MS,
    );
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
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
