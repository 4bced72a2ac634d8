import { randomBytes } from 'node:crypto';

import { type RedisSessionStoreOptions, redisSessionStore } from '../../lib/redis/index.js';
import type { Principal, SessionLimits, SessionRecord, SessionStore } from '../../lib/types.js';
import { needsRedis } from '../support/redis.js';
import { type ClientKind, clientKind, type Held, ownPrefix, removeKeys } from '../support/redis-clients.js';

export const HOUR_MS = 3_600_000;

export const ownSecret = (): string => randomBytes(32).toString('base64url');
export const ownId = (): string => randomBytes(32).toString('base64url');

export function recordOf(id: string, changes: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const principal: Principal = { subject: 'ada' };
  return {
    ...{ id, principal, createdAt: now, lastSeenAt: now, expiresAt: now + HOUR_MS, initialize: { a: 1 } },
    ...changes,
  };
}

export function limitsOf(changes: Partial<SessionLimits> = {}): SessionLimits {
  return { maxSessions: 1000, maxSessionsPerPrincipal: 100, onLimit: 'refuse', busy: [], ...changes };
}

export const oneEach: SessionLimits = limitsOf({ maxSessionsPerPrincipal: 1, onLimit: 'evict-idle' });

export interface Bench {
  readonly prefix: string;
  readonly secret: string;
  /** Connected to the server that all tests share. */
  readonly held: Held;
  /** A store over the same records as any other of this bench, unless told otherwise. */
  store(options?: Partial<RedisSessionStoreOptions>): Required<SessionStore>;
}

/** What a suite works with: a prefix of its own on the shared server, removed afterwards. Skips where there is no server. */
export function bench(kind: ClientKind = clientKind('redis 6')): Bench {
  const prefix = ownPrefix();
  const secret = ownSecret();
  let held: Held | undefined;
  before(async function () {
    await needsRedis(this);
    held = await kind.open();
  });
  after(async () => {
    if (held) await removeKeys(held, prefix);
    held?.[Symbol.dispose]();
  });
  return {
    prefix,
    secret,
    get held() {
      return held as Held;
    },
    store: (options) =>
      redisSessionStore({ client: (held as Held).client, secret, prefix, timeoutMs: 5000, ...options }),
  };
}
