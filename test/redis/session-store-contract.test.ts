import { randomBytes } from 'node:crypto';

import { redisSessionStore } from '../../lib/redis/index.js';
import { sessionStoreContract } from '../../lib/testing/index.js';
import type { SessionStore } from '../../lib/types.js';
import { needsRedis } from '../support/redis.js';
import { clientKinds, type Held, ownPrefix, removeKeys } from '../support/redis-clients.js';

describe('redisSessionStore keeps the contract', () => {
  for (const { name, open } of clientKinds) {
    describe(`over ${name}`, () => {
      const prefix = ownPrefix();
      const secret = randomBytes(32).toString('base64url');
      const prefixes = new WeakMap<SessionStore, string>();
      let here: Held;
      let there: Held;
      let count = 0;

      before(async function () {
        await needsRedis(this);
        here = await open();
        there = await open();
      });

      after(async () => {
        if (here) await removeKeys(here, prefix);
        here?.[Symbol.dispose]();
        there?.[Symbol.dispose]();
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
