import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server that all tests share: use a prefix of your own there, and remove your keys afterwards. */
export const REDIS_URL: string = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

const PATIENCE_MS = 10_000;

interface Skippable {
  skip(): never;
}

/** Whether a Redis server answers a PING at `url`. */
export function answersPing(url: string = REDIS_URL): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 2000 });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write('PING\r\n'));
    // A password is asked for by a Redis server too.
    socket.on('data', (data) => end(/^(\+PONG|-NOAUTH)/.test(data.toString()))());
    socket.on('error', end(false)).on('timeout', end(false)).on('close', end(false));
  });
}

/** Skips the test, or the suite in whose `before` this is, where there is no Redis; with REQUIRE_SERVICES=1 that is a failure. */
export async function redisOrSkip(context: Skippable): Promise<void> {
  if (!(await answersPing())) missing(context, `no Redis at ${REDIS_URL.replace(/\/\/.*@/, '//')}`);
}

function missing(context: Skippable, what: string): never {
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(`${what}, and REQUIRE_SERVICES asks for it`);
  console.log(`Redis: skipped, ${what}`);
  return context.skip();
}

export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  /** Starts it again on its port, empty unless it is persistent. */
  start(): Promise<void>;
  /** Ends it as an operator does. */
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** `SIGSTOP` and `SIGCONT`: it keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Ends it for good, and removes what it has kept. */
  dispose(): Promise<void>;
}

export interface OwnRedisOptions {
  /** Every write is on disk before it is answered, and back after a restart. Default: nothing is kept. */
  readonly isPersistent?: boolean;
  /** More of what `redis-server` takes. */
  readonly args?: readonly string[];
}

/**
 * Starts a server of the test's own, on a free port. Skips where `redis-server` is missing; with REQUIRE_SERVICES=1 that is a
 * failure. `dispose` it afterwards.
 */
export async function startRedis(context: Skippable, options: OwnRedisOptions = {}): Promise<OwnRedis> {
  if (spawnSync('redis-server', ['--version']).status !== 0) missing(context, 'no redis-server to start');
  const { isPersistent = false, args = [] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'guards-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const persistence = isPersistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    child = spawn('redis-server', [...own, ...persistence, ...args], { stdio: 'ignore' });
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await answersPing(url))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      if (Date.now() > deadline) throw new Error('redis-server does not answer');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    // Stopped, it would not see the signal.
    child.kill('SIGCONT');
    await exited;
  };

  await start();
  return {
    url,
    port,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async dispose() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
