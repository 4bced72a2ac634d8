import { Redis } from 'ioredis';
import { createClient } from 'redis';

import {
  type LoginStore,
  MemoryLoginStore,
  MemorySessionStore,
  type SessionStore,
} from '../../../lib/index.js';
import { type RedisClient, redisLoginStore, redisSessionStore } from '../../../lib/redis/index.js';
import { until } from '../gate.js';
import type { NodeSetting } from '../node-setting.js';

export interface Stores {
  readonly sessions: { readonly store: SessionStore };
  readonly logins: { readonly store: LoginStore };
  /** Waits until they can be used. */
  ready(): Promise<void>;
  release(): void;
}

type RedisSetting = NonNullable<NodeSetting['redis']>;

export function openStores({ redis }: Pick<NodeSetting, 'redis'>): Stores {
  if (!redis) {
    return {
      sessions: { store: new MemorySessionStore() },
      logins: { store: new MemoryLoginStore() },
      ready: async () => {},
      release: () => {},
    };
  }
  const { secret, prefix, timeoutMs } = redis;
  const { client, isReady, release } = openClient(redis);
  const common = {
    client,
    ...(prefix !== undefined && { prefix }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
  return {
    sessions: { store: redisSessionStore({ ...common, secret }) },
    logins: { store: redisLoginStore(common) },
    ready: () => until('Redis is connected', isReady, 10_000),
    release,
  };
}

interface Opened {
  readonly client: RedisClient;
  isReady(): boolean;
  release(): void;
}

/** A client as an application makes it; it need not find a server now. */
function openClient({ url, client: kind = 'redis', reconnectMs }: RedisSetting): Opened {
  if (kind === 'ioredis') {
    const client = new Redis(url, reconnectMs === undefined ? {} : { retryStrategy: () => reconnectMs });
    client.on('error', () => {});
    return { client, isReady: () => client.status === 'ready', release: () => client.disconnect() };
  }
  const client = createClient({
    url,
    socket: reconnectMs === undefined ? {} : { reconnectStrategy: reconnectMs },
  });
  client.on('error', () => {});
  client.connect().catch(() => {});
  return { client, isReady: () => client.isReady, release: () => client.destroy() };
}
