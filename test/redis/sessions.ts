import { randomBytes } from 'node:crypto';

import { type RedisSessionStoreOptions, redisSessionStore } from '../../lib/redis/index.js';
import type { Principal, SessionLimits, SessionRecord, SessionStore } from '../../lib/types.js';
import { REDIS_URL, redisOrSkip } from '../support/redis.js';
import { type ClientKind, clientKinds, connected, type Held, ownPrefix, removeKeys } from './clients.js';

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

/** Asks until it is so. Throws after `patienceMs`. */
export async function until(
  isSo: () => boolean | PromiseLike<boolean>,
  what: string,
  patienceMs = 5000,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether `work` is answered, not rejected. */
export const isAnswered = async (work: unknown): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
};

export interface Bench {
  readonly prefix: string;
  readonly secret: string;
  /** Connected to the server that all tests share. */
  readonly held: Held;
  /** A store over the same records as any other of this bench, unless told otherwise. */
  store(options?: Partial<RedisSessionStoreOptions>): Required<SessionStore>;
}

/** What a suite works with: a prefix of its own on the shared server, removed afterwards. Skips where there is no server. */
export function bench(kind: ClientKind = clientKinds[0] as ClientKind): Bench {
  const prefix = ownPrefix();
  const secret = ownSecret();
  let held: Held | undefined;
  before(async function () {
    await redisOrSkip(this);
    held = await connected(kind.make(REDIS_URL));
  });
  after(async () => {
    held?.close();
    if (held) await removeKeys(prefix);
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
