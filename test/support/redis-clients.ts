import { randomBytes } from 'node:crypto';

import { Redis as IoRedis } from 'ioredis';
import { Redis as IoRedis5 } from 'ioredis-5';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';

import { isReady } from '../../lib/redis/client.js';
import type { IoRedisClient, RedisClient } from '../../lib/redis/index.js';
import { until } from './gate.js';
import { REDIS_URL } from './redis.js';

/** A client that a test holds, whoever made it; `using` closes it. That it loses its connection is told to nobody. */
export interface Held extends Disposable {
  readonly client: RedisClient;
  /** Sends a command of the test's own. */
  command(...args: readonly string[]): Promise<unknown>;
}

/** A client with its default options. */
export interface ClientKind {
  readonly name: string;
  /** Does not wait until it is connected. */
  make(url: string): Held;
  /** Waits until it is connected. */
  open(url?: string): Promise<Held>;
}

type NodeRedis = ReturnType<typeof createClient>;

function holdNodeRedis(client: NodeRedis): Held {
  client.on('error', () => {});
  client.connect().catch(() => {});
  return {
    client,
    command: (...args) => client.sendCommand([...args]),
    [Symbol.dispose]() {
      try {
        client.destroy();
      } catch {
        // It was closed already.
      }
    },
  };
}

export function holdIoRedis(client: IoRedis): Held {
  client.on('error', () => {});
  return {
    client,
    command: (command = '', ...args) => client.call(command, ...args),
    [Symbol.dispose]: () => client.disconnect(),
  };
}

/** Less than a test has: a client that finds no server must not keep the process alive. */
const PATIENCE_MS = 8000;

/** Resolves when the client is connected; closes it where that takes too long. */
export async function connected(held: Held): Promise<Held> {
  try {
    await until('the client is connected', () => isReady(held.client), PATIENCE_MS);
    return held;
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

const MAKE = {
  'redis 6': (url: string) => holdNodeRedis(createClient({ url })),
  'redis 5': (url: string) => holdNodeRedis(createClient5({ url }) as unknown as NodeRedis),
  'ioredis 6': (url: string) => holdIoRedis(new IoRedis(url)),
  'ioredis 5': (url: string) => holdIoRedis(new IoRedis5(url) as unknown as IoRedis),
};

/** Every client that the stores work with. */
export const clientKinds: readonly ClientKind[] = Object.entries(MAKE).map(([name, make]) => ({
  name,
  make,
  open: (url = REDIS_URL) => connected(make(url)),
}));

/** The client called `name`. */
export function clientKind(name: string): ClientKind {
  const kind = clientKinds.find((one) => one.name === name);
  if (!kind) throw new Error(`no client is called ${name}`);
  return kind;
}

/** Those that put a prefix of their own before every key. */
export const prefixingClients: Readonly<Record<string, (keyPrefix: string) => IoRedis>> = {
  'ioredis 6': (keyPrefix) => new IoRedis(REDIS_URL, { keyPrefix }),
  'ioredis 5': (keyPrefix) => new IoRedis5(REDIS_URL, { keyPrefix }) as unknown as IoRedis,
};

/** A client of nobody's that is connected, and answers what `call` does. */
export const fakeClient = (call: IoRedisClient['call']): IoRedisClient => ({
  status: 'ready',
  call,
  connect: async () => {},
  duplicate: () => {
    throw new Error('not asked for');
  },
});

/** A prefix that no other test has. */
export const ownPrefix = (): string => `test-${randomBytes(8).toString('hex')}`;

/** The names of all keys that begin with `prefix`, in order. */
export async function keysOf(held: Held, prefix: string): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const reply = await held.command('SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', '1000');
    const [next, found] = reply as [string, string[]];
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys].sort();
}

/** Removes all keys that begin with `prefix`. */
export async function removeKeys(held: Held, prefix: string): Promise<void> {
  const keys = await keysOf(held, prefix);
  if (keys.length > 0) await held.command('DEL', ...keys);
}
