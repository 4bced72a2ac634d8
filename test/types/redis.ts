// Every client with its default options, in its own types.
import { mcpSessionBinding, type SessionStore } from 'express-mcp-guards';
import { type RedisSessionStoreOptions, redisSessionStore } from 'express-mcp-guards/redis';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';

const secret = 'f6b1c1de7a9b4e52a1f00d4c8f1d9e3b';
const url = 'redis://127.0.0.1:6379';

const clients: readonly RedisSessionStoreOptions['client'][] = [
  createClient({ url }),
  createClient5({ url }),
  new Redis(url),
  new Redis5(url),
];

const stores: readonly SessionStore[] = [
  redisSessionStore({ client: createClient(), secret }),
  redisSessionStore({ client: createClient5(), secret: [secret, `${secret}-old`], prefix: 'app' }),
  redisSessionStore({ client: new Redis(), secret, timeoutMs: 500 }),
  redisSessionStore({ client: new Redis5(), secret }),
];

export const guards = stores.map((store) => mcpSessionBinding({ store }));

export async function left(): Promise<number> {
  const [client = createClient()] = clients;
  const store = redisSessionStore({ client, secret });
  const overdue = await store.overdue({ expiredAt: Date.now(), idleSince: 0 });
  return (await store.remaining(overdue.map(({ id }) => id))).length;
}

// @ts-expect-error a secret there must be
redisSessionStore({ client: createClient() });
// @ts-expect-error a URL is not a client
redisSessionStore({ client: url, secret });
// @ts-expect-error there is no such option
redisSessionStore({ client: createClient(), secret, ttlSeconds: 5 });
