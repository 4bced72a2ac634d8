import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidConfig, readConfig } from '../src/config.js';
import { welcome } from '../src/welcome.js';
import { startNginx } from './nginx.js';

const PORT = 8443;
const NODES = [3001, 3002] as const;
const RESTART_MS = 10_000;
const WIKI = fileURLToPath(new URL('..', import.meta.url));

const secret = (): string => randomBytes(32).toString('hex');
const environment = {
  TRUST_PROXY: '1',
  WIKI_SECRET: secret(),
  SESSION_SECRET: secret(),
  ...process.env,
};

const running = new Set<ChildProcess>();
let isStopping = false;

try {
  if (!process.env.REDIS_URL) throw new InvalidConfig('two nodes need REDIS_URL');
  const config = readConfig(environment);
  const nginx = await startNginx({ port: PORT, nodes: NODES });
  for (const port of NODES) startNode(port);
  console.log(welcome(nginx.url, config));
  console.log(`Clients have to trust ${join(nginx.folder, 'cert.pem')}: curl --cacert, NODE_EXTRA_CA_CERTS
Which node answered: tail -f ${join(nginx.folder, 'access.log')}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(nginx.close));
} catch (error) {
  console.error(error instanceof InvalidConfig ? `The wiki cannot start: ${error.message}` : error);
  process.exitCode = 1;
}

/** As whatever runs your nodes would: one that dies is started again. */
function startNode(port: number): void {
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
    setTimeout(() => isStopping || startNode(port), RESTART_MS);
  });
}

async function stop(closeNginx: () => Promise<void>): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await Promise.all(
    [...running].map((child) => {
      child.kill('SIGTERM');
      return once(child, 'close');
    }),
  );
  await closeNginx();
  process.exit();
}
