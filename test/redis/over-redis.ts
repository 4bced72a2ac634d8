import { randomBytes } from 'node:crypto';

import { createClient } from 'redis';

import { MemoryLoginStore, MemorySessionStore, type SessionStore } from '../../lib/index.js';
import { redisLoginStore, redisSessionStore } from '../../lib/redis/index.js';
import type { LoginStore } from '../../lib/types.js';
import { REDIS_URL } from '../support/redis.js';

/*
 * For `mocha --require`: a test that leaves the stores to the package, or takes one in memory as it is, has one in Redis,
 * with keys of its own. So suites that were written for one process run over the stores of many. A class of a test's own
 * stays what it is.
 */

const client = createClient({ url: REDIS_URL });
client.on('error', () => {});
const run = `over-${randomBytes(6).toString('hex')}`;
let made = 0;
const ownPrefix = (): string => {
  made += 1;
  return `${run}-${made}`;
};

type Method = (...args: unknown[]) => unknown;

function delegate<T extends object>(
  prototype: object,
  methods: readonly string[],
  make: () => T,
): (memory: object) => T {
  const stores = new WeakMap<object, T>();
  const storeOf = (memory: object): T => {
    const store = stores.get(memory) ?? make();
    stores.set(memory, store);
    return store;
  };
  for (const method of methods) {
    const own: unknown = (prototype as Record<string, unknown>)[method];
    Object.defineProperty(prototype, method, {
      configurable: true,
      writable: true,
      value(this: object, ...args: unknown[]) {
        if (Object.getPrototypeOf(this) !== prototype) return (own as Method | undefined)?.apply(this, args);
        return (storeOf(this) as Record<string, Method>)[method]?.(...args);
      },
    });
  }
  return storeOf;
}

/** What a store in memory does not have must not be there for a class of a test's own either. */
function extend(prototype: object, name: string, of: (store: object) => unknown): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: object) {
      return Object.getPrototypeOf(this) === prototype ? of(this) : undefined;
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, configurable: true, writable: true });
    },
  });
}

const sessionStores = delegate<SessionStore>(
  MemorySessionStore.prototype,
  ['create', 'get', 'update', 'delete', 'list'],
  () =>
    redisSessionStore({
      client,
      secret: 'a secret for tests, of 32 characters',
      prefix: ownPrefix(),
      timeoutMs: 2000,
    }),
);
extend(MemorySessionStore.prototype, 'shared', () => true);
for (const name of ['overdue', 'remaining', 'onDeleted'] as const) {
  extend(MemorySessionStore.prototype, name, (store) =>
    sessionStores(store)[name]?.bind(sessionStores(store)),
  );
}
delegate<LoginStore>(MemoryLoginStore.prototype, ['reserve', 'settle'], () =>
  redisLoginStore({ client, prefix: ownPrefix(), timeoutMs: 2000 }),
);

export const mochaHooks = {
  async beforeAll(): Promise<void> {
    await client.connect();
  },
  async afterAll(): Promise<void> {
    for await (const keys of client.scanIterator({ MATCH: `${run}*`, COUNT: 1000 })) {
      if (keys.length > 0) await client.del(keys);
    }
    client.destroy();
  },
};
