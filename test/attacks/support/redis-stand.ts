import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import { basic, call, initialize, type Reply, toolCall } from '../../support/call.js';
import { buildChain, type Chain } from '../../support/children/chain.js';
import { type FaultProxy, faultProxy } from '../../support/fault-proxy.js';
import type { Logout, NodeSetting } from '../../support/node-setting.js';
import { type RedisServer, redisServer } from '../../support/redis-server.js';

/** Everybody's password. */
const PASSWORD = 'right';

/** One of two nodes in this process, each with clients of its own. */
export interface StandNode extends Pick<Chain, 'counts' | 'ready' | 'sessions'> {
  readonly url: URL;
  /** Wrong passwords that a verifier has seen. */
  wrong(): number;
}

/** Two nodes, and a Redis of their own behind a proxy that breaks. */
export interface RedisStand extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly proxy: FaultProxy;
  readonly nodes: readonly [StandNode, StandNode];
  readonly logouts: readonly Logout[];
}

/** `beforeNodes`: what happens before there is any node. */
export async function redisStand(
  setting: Partial<Pick<NodeSetting, 'binding'>> &
    Partial<Pick<NonNullable<NodeSetting['redis']>, 'client'>> = {},
  beforeNodes: (redis: RedisServer) => unknown = () => {},
): Promise<RedisStand> {
  const { client = 'redis', binding = {} } = setting;
  const redis = await redisServer({ keepsData: true });
  const proxy = await faultProxy({ port: redis.port });
  const secret = randomBytes(32).toString('hex');
  const logouts: Logout[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  await beforeNodes(redis);

  async function open(name: string): Promise<StandNode> {
    const chain = buildChain(
      {
        name,
        users: { '*': PASSWORD },
        redis: { url: `redis://127.0.0.1:${proxy.port}`, secret, client },
        binding,
      },
      { login: () => {}, logout: (logout) => void logouts.push(logout) },
    );
    const server = chain.app.listen(0, '127.0.0.1');
    await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
    closing.push(async () => {
      await chain.mcp.close({ graceMs: 0 });
      await chain.sessions.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      chain.release();
    });
    const { port } = server.address() as AddressInfo;
    const { sessions, counts, ready } = chain;
    const wrong = (): number => Object.values(counts().wrong).reduce((sum, count) => sum + count, 0);
    return { url: new URL(`http://127.0.0.1:${port}/mcp`), sessions, counts, ready, wrong };
  }

  return {
    redis,
    proxy,
    nodes: [await open('a'), await open('b')],
    logouts,
    async [Symbol.asyncDispose]() {
      for (const close of closing) await close();
      await proxy[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

export interface Caller {
  readonly user: string;
  readonly password?: string;
  readonly address?: string;
  readonly session?: string;
}

const headersOf = ({ user, password = PASSWORD, address = '192.0.2.1', session }: Caller) => ({
  authorization: basic(user, password),
  'x-forwarded-for': address,
  ...(session !== undefined && { 'mcp-session-id': session }),
});

export const begin = ({ url }: StandNode, caller: Caller): Promise<Reply> =>
  call(url, { headers: headersOf(caller), body: initialize() });

export const use = ({ url }: StandNode, caller: Caller, tool = 'whoami'): Promise<Reply> =>
  call(url, { headers: headersOf(caller), body: toolCall(tool) });

export const end = ({ url }: StandNode, caller: Caller): Promise<Reply> =>
  call(url, { method: 'DELETE', headers: headersOf(caller) });

export const idOf = ({ headers }: Reply): string => String(headers['mcp-session-id']);
