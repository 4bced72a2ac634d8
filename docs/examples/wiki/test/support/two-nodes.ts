import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../src/db/database.js';
import { openDatabase } from '../../src/db/open.js';
import { type Nginx, startNginx } from '../../two-nodes/nginx.js';
import { POSTGRES_URL } from './backends.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { type RedisServer, redisServer } from './redis-server.js';
import { IS_UP, type Run, runMain } from './run-main.js';

export const sessionSecret = randomBytes(32).toString('hex');
export const MCP_TOKEN = 'the token of all clients';

/** One place among the two: its port stays, its process may be another one by and by. */
export interface Node {
  readonly port: number;
  readonly url: string;
  /** The process that runs there now, or ran there last. */
  readonly run: Run;
  start(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

export interface TwoNodes {
  readonly nodes: readonly [Node, Node];
  readonly nginx: Nginx;
  readonly redis: RedisServer;
  /** The one that both nodes use. */
  readonly database: Database;
  /** What nginx wrote about the requests that are over: method, status, and the ports that were asked. */
  requests(): Promise<readonly { method: string; status: number; ports: readonly number[] }[]>;
  dispose(): Promise<void>;
}

export async function twoNodes(): Promise<TwoNodes> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    const schema = `wiki_nodes_${randomBytes(6).toString('hex')}`;
    const database = await openDatabase({ schema, databaseUrl: POSTGRES_URL });
    cleanups.push(async () => {
      await database.exec(`drop schema if exists ${schema} cascade`);
      await database.close();
    });
    const redis = await redisServer();
    cleanups.push(redis.dispose);
    const settings = {
      DATABASE_URL: POSTGRES_URL,
      DATABASE_SCHEMA: schema,
      REDIS_URL: redis.url,
      SESSION_SECRET: sessionSecret,
      WIKI_SECRET: randomBytes(32).toString('hex'),
      MCP_TOKEN,
      TRUST_PROXY: '1',
    };
    const nodes = [node(await freePort(), settings), node(await freePort(), settings)] as const;
    cleanups.push(() => Promise.all(nodes.map(({ kill }) => kill())));
    await Promise.all(nodes.map(({ start }) => start()));
    const [first, second] = nodes;
    const nginx = await startNginx({ port: await freePort(), nodes: [first.port, second.port] });
    cleanups.push(nginx.close);
    return { nodes, nginx, redis, database, requests: () => requestsIn(nginx.folder), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function node(port: number, settings: Record<string, string>): Node {
  let run: Run | undefined;
  process.once('exit', () => void run?.child.kill('SIGKILL'));
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get run() {
      if (!run) throw new Error(`nothing runs on ${port}`);
      return run;
    },
    async start() {
      run = runMain({ ...settings, PORT: String(port) });
      await run.until(IS_UP);
    },
    async kill() {
      run?.child.kill('SIGKILL');
      await run?.exitCode;
    },
  };
}

async function requestsIn(folder: string): ReturnType<TwoNodes['requests']> {
  const lines = (await readFile(join(folder, 'access.log'), 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => {
    const [, method = '', , status, , ...upstreams] = line.split(' ');
    return {
      method,
      status: Number(status),
      ports: upstreams.map((name) => Number.parseInt(name.split(':')[1] ?? '', 10)),
    };
  });
}

/** The port that the next request of this kind is answered from, once nginx has written it down. */
export async function portOf(two: TwoNodes, send: () => Promise<unknown>): Promise<number> {
  const count = (await two.requests()).length;
  await send();
  return eventually('nginx wrote down who answered', async () => {
    const request = (await two.requests()).slice(count).findLast(({ method }) => method === 'POST');
    return request?.ports.at(-1);
  });
}
