import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { type AddressInfo, connect, createServer } from 'node:net';
import { until } from '../support/gate.js';
import { needs } from './login-support.js';

/** A Redis of the test's own, in memory alone, that may come to harm. */
export interface OwnRedis extends AsyncDisposable {
  readonly port: number;
  /** It keeps its connections, and answers nothing. */
  stop(): void;
  /** It goes on where it stopped. */
  go(): void;
  /** It dies, and forgets everything. */
  kill(): Promise<void>;
  /** It is there again, empty. */
  start(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => socket.destroy());
    socket.once('data', () => resolve(true)).once('error', () => resolve(false));
  });
}

/** Skips the tests of this suite where `redis-server` is not installed. */
export const needsRedisServer = (): void =>
  needs('redis-server', () => spawnSync('redis-server', ['--version']).status === 0);

/** Starts a `redis-server` on a free port. */
export async function openOwnRedis(): Promise<OwnRedis> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const own: OwnRedis = {
    port,
    stop: () => void child?.kill('SIGSTOP'),
    go: () => void child?.kill('SIGCONT'),
    async kill() {
      const killed = child;
      if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
      const exit = new Promise((resolve) => killed.once('exit', resolve));
      killed.kill('SIGKILL');
      await exit;
    },
    async start() {
      const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
      child = spawn('redis-server', options, { stdio: 'ignore' });
      await until('redis-server answers', () => answers(port));
    },
    [Symbol.asyncDispose]: () => own.kill(),
  };
  await own.start();
  return own;
}
