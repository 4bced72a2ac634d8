import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidConfig, readConfig } from '../src/config.js';
import { welcome } from '../src/welcome.js';
import { listens } from './listens.js';
import { type Nginx, startNginx } from './nginx.js';

/** As in nginx.conf. */
const PORT = 8443;
const NODES = [3001, 3002] as const;
const RESTART_MS = 10_000;
const WIKI = fileURLToPath(new URL('..', import.meta.url));

const secret = (): string => randomBytes(32).toString('hex');
const environment = { WIKI_SECRET: secret(), SESSION_SECRET: secret(), TRUST_PROXY: '1', ...process.env };

const running = new Set<ChildProcess>();
let nginx: Nginx | undefined;
let isStopping = false;

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
try {
  if (!process.env.REDIS_URL) throw new InvalidConfig('two nodes need REDIS_URL');
  const config = readConfig(environment);
  const nodes = NODES.map((port) => ({ port, child: startNode(port) }));
  await Promise.all(nodes.map(({ port, child }) => listens(child, `node ${port}`, port)));
  nginx = await startNginx({ port: PORT, nodes: NODES });
  console.log(welcome(nginx.url, config));
  console.log(`Clients have to trust its certificate: ${join(nginx.folder, 'cert.pem')}
Which node answered: tail -f ${join(nginx.folder, 'access.log')}`);
} catch (error) {
  if (!isStopping) console.error(`The wiki cannot start: ${(error as Error).message}`);
  await stop();
  process.exitCode = 1;
}

/** As whatever runs your nodes would: one that dies is started again. */
function startNode(port: number): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    cwd: WIKI,
    env: { ...environment, HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.add(child);
  console.log(`Node ${port} starts: process ${child.pid}`);
  child.once('close', (code, signal) => {
    running.delete(child);
    if (isStopping) return;
    console.log(`Node ${port} has ended (${signal ?? code}); it starts again in ${RESTART_MS / 1000} s`);
    setTimeout(() => isStopping || startNode(port), RESTART_MS).unref();
  });
  return child;
}

async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  const ends = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ends);
  await nginx?.close();
}
