import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';

import type { RedisClient } from '../../lib/redis/index.js';

export const PORT = 6379;

export interface OpenClient extends AsyncDisposable {
  readonly client: RedisClient;
}

type Open = (port?: number) => Promise<OpenClient>;

/** A client that is ready. That it loses its connection is part of some tests, and told to nobody. */
async function openNodeRedis(
  client: RedisClient & { on(e: 'error', f: () => void): unknown; connect(): unknown; destroy(): void },
) {
  client.on('error', () => {});
  await client.connect();
  return { client, [Symbol.asyncDispose]: async () => client.destroy() };
}

async function openIoRedis(
  client: RedisClient & {
    on(e: 'error', f: () => void): unknown;
    once(e: 'ready', f: () => void): unknown;
    disconnect(): void;
  },
) {
  client.on('error', () => {});
  await new Promise<void>((resolve) => client.once('ready', resolve));
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() };
}

const url = (port: number): string => `redis://127.0.0.1:${port}`;

/** Every client that the stores are made for, with its default options. */
export const CLIENTS: Readonly<Record<string, Open>> = {
  'redis 6': (port = PORT) => openNodeRedis(createClient({ url: url(port) })),
  'redis 5': (port = PORT) => openNodeRedis(createClient5({ url: url(port) })),
  'ioredis 6': (port = PORT) => openIoRedis(new Redis(url(port))),
  'ioredis 5': (port = PORT) => openIoRedis(new Redis5(url(port))),
};

export const randomPrefix = (): string => `test-${randomBytes(8).toString('hex')}`;

/** A connection for looking behind the scenes. */
export interface Control extends AsyncDisposable {
  readonly redis: Redis;
  /** The names of all keys that begin with `prefix`. */
  keys(prefix: string): Promise<string[]>;
  /** Ages what is under `prefix` by `ms` milliseconds: ends of keys, and scores, which are times. */
  age(prefix: string, ms: number): Promise<void>;
  remove(prefix: string): Promise<void>;
}

const AGE = `
for _, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok == 'zset' then
    for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      redis.call('ZINCRBY', key, -ARGV[1], member)
    end
  end
  local left = redis.call('PTTL', key) - ARGV[1]
  if left > 0 then redis.call('PEXPIRE', key, left) else redis.call('DEL', key) end
end
`;

export async function openControl(port: number = PORT): Promise<Control> {
  const redis = new Redis(url(port));
  redis.on('error', () => {});
  await new Promise<void>((resolve) => redis.once('ready', resolve));
  const keys = async (prefix: string): Promise<string[]> => {
    const found = new Set<string>();
    let cursor = '0';
    do {
      const [next, some] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000);
      for (const key of some) found.add(key);
      cursor = next;
    } while (cursor !== '0');
    return [...found].sort();
  };
  return {
    redis,
    keys,
    async age(prefix, ms) {
      const names = await keys(prefix);
      await redis.eval(AGE, names.length, ...names, String(ms));
    },
    async remove(prefix) {
      const names = await keys(prefix);
      if (names.length > 0) await redis.del(...names);
    },
    [Symbol.asyncDispose]: async () => redis.disconnect(),
  };
}

function isReachable(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(PORT, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Skips the tests of this suite where there is no `what`; with `REQUIRE_SERVICES=1` that is a failure. */
export function needs(what: string, isThere: () => boolean | Promise<boolean>): void {
  before(`needs ${what}`, async function () {
    if (await isThere()) return;
    if (process.env.REQUIRE_SERVICES === '1') throw new Error(`there is no ${what}`);
    console.log(`    skipped: there is no ${what}`);
    this.skip();
  });
}

/** Skips the tests of this suite where no Redis listens. */
export const needsRedis = (): void => needs(`Redis on 127.0.0.1:${PORT}`, isReachable);

/** What `work` rejects with, or `undefined`. */
export async function rejectionOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
