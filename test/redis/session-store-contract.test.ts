import { randomBytes } from 'node:crypto';

import { redisSessionStore } from '../../lib/redis/index.js';
import { sessionStoreContract } from '../../lib/testing/index.js';
import type { SessionStore } from '../../lib/types.js';
import { REDIS_URL, redisOrSkip } from '../support/redis.js';
import { clientKinds, connected, type Held, ownPrefix, removeKeys } from './clients.js';

describe('redisSessionStore keeps the contract', () => {
  for (const { name, make } of clientKinds) {
    describe(`over ${name}`, () => {
      const prefix = ownPrefix();
      const secret = randomBytes(32).toString('base64url');
      const prefixes = new WeakMap<SessionStore, string>();
      let here: Held;
      let there: Held;
      let count = 0;

      before(async function () {
        await redisOrSkip(this);
        here = await connected(make(REDIS_URL));
        there = await connected(make(REDIS_URL));
      });

      after(async () => {
        here?.close();
        there?.close();
        if (here) await removeKeys(prefix);
      });

      const createStore = (): SessionStore => {
        count += 1;
        const own = `${prefix}:${count}`;
        const store = redisSessionStore({ client: here.client, secret, prefix: own, timeoutMs: 5000 });
        prefixes.set(store, own);
        return store;
      };
      const peerOf = (store: SessionStore): SessionStore =>
        redisSessionStore({
          client: there.client,
          secret,
          prefix: prefixes.get(store) ?? '',
          timeoutMs: 5000,
        });
      sessionStoreContract(createStore, { peerOf });
    });
  }
});
