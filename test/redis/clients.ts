import { randomBytes } from 'node:crypto';

import { Redis as IoRedis } from 'ioredis';
import { Redis as IoRedis5 } from 'ioredis-5';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';

import { isReady } from '../../lib/redis/client.js';
import type { RedisClient } from '../../lib/redis/index.js';
import { REDIS_URL } from '../support/redis.js';

/** A client that a test holds, whoever made it. */
export interface Held {
  readonly client: RedisClient;
  /** Sends a command of the test's own. */
  command(...args: readonly string[]): Promise<unknown>;
  close(): void;
}

export interface ClientKind {
  readonly name: string;
  /** Does not wait until it is connected. */
  make(url: string): Held;
}

type NodeRedis = ReturnType<typeof createClient>;

function nodeRedis(client: NodeRedis): Held {
  client.on('error', () => {});
  client.connect().catch(() => {});
  return {
    client,
    command: (...args) => client.sendCommand([...args]),
    close() {
      try {
        client.destroy();
      } catch {
        // It was closed already.
      }
    },
  };
}

function ioRedis(client: IoRedis): Held {
  client.on('error', () => {});
  return {
    client,
    command: (command = '', ...args) => client.call(command, ...args),
    close: () => client.disconnect(),
  };
}

/** Every client that the stores work with, with its default options. */
export const clientKinds: readonly ClientKind[] = [
  { name: 'redis 6', make: (url) => nodeRedis(createClient({ url })) },
  { name: 'redis 5', make: (url) => nodeRedis(createClient5({ url }) as unknown as NodeRedis) },
  { name: 'ioredis 6', make: (url) => ioRedis(new IoRedis(url)) },
  { name: 'ioredis 5', make: (url) => ioRedis(new IoRedis5(url) as unknown as IoRedis) },
];

/** Resolves when the client answers, and says that it is connected. */
export async function connected(held: Held): Promise<Held> {
  await held.command('PING');
  while (!isReady(held.client)) await new Promise((resolve) => setTimeout(resolve, 5));
  return held;
}

/** A prefix that no other test has. */
export const ownPrefix = (): string => `test-${randomBytes(6).toString('hex')}`;

/** The names of all keys that begin with `prefix`. */
export async function keysOf(held: Held, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const reply = await held.command('SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', '1000');
    const [next, found] = reply as [string, string[]];
    keys.push(...found);
    cursor = next;
  } while (cursor !== '0');
  return keys;
}

export async function removeKeys(prefix: string, url: string = REDIS_URL): Promise<void> {
  const held = await connected(clientKinds[2]?.make(url) as Held);
  for (const key of await keysOf(held, prefix)) await held.command('DEL', key);
  held.close();
}
