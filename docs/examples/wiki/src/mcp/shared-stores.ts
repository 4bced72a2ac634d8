import type { LoginStore, SessionStore } from 'express-mcp-guards';
import {
  type RedisClient,
  type RedisEventStore,
  redisEventStore,
  redisLoginStore,
  redisSessionStore,
} from 'express-mcp-guards/redis';
import type { RedisConfig } from '../config.js';

/** What all nodes of this wiki share, beside the database. */
export interface SharedStores {
  readonly sessions: SessionStore;
  readonly logins: LoginStore;
  readonly events: RedisEventStore;
}

/** How long a client may be away and still get what it missed. Pages are in it, readable, so not for long. */
const EVENTS_SECONDS = 300;

export function sharedStores(
  client: RedisClient,
  { prefix, sessionSecrets }: Pick<RedisConfig, 'prefix' | 'sessionSecrets'>,
): SharedStores {
  return {
    sessions: redisSessionStore({ client, prefix, secret: sessionSecrets }),
    logins: redisLoginStore({ client, prefix }),
    events: redisEventStore({ client, prefix, ttlSeconds: EVENTS_SECONDS }),
  };
}
