import { Redis } from 'ioredis';

import { REDIS_URL } from './redis.js';
import { connected, holdIoRedis, keysOf, removeKeys } from './redis-clients.js';

/** A connection for looking behind the scenes; `using` closes it. */
export interface Control extends Disposable {
  readonly redis: Redis;
  /** The names of all keys that begin with `prefix`, in order. */
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

export async function openControl(url: string = REDIS_URL): Promise<Control> {
  const redis = new Redis(url);
  const held = await connected(holdIoRedis(redis));
  const keys = (prefix: string): Promise<string[]> => keysOf(held, prefix);
  return {
    redis,
    keys,
    async age(prefix, ms) {
      const names = await keys(prefix);
      await redis.eval(AGE, names.length, ...names, String(ms));
    },
    remove: (prefix) => removeKeys(held, prefix),
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}
