import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { RequestHandler } from 'express';
import {
  type BasicAuthOptions,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
  mcpTokenGuard,
} from 'express-mcp-guards';
import { hashPassword, passwordVerifier } from 'express-mcp-guards/passwords';
import { redisLoginStore, redisSessionStore } from 'express-mcp-guards/redis';
import { createClient } from 'redis';

import { PASSWORD, REDIS_URL, SCRYPT, type Setting, SHARED_TOKEN, VERIFIER_MS } from '../setting.js';
import { tokenVerifier } from './bare.js';

/** Guards without their handler, and how to leave nothing behind. */
export interface Chain {
  readonly guards: readonly RequestHandler[];
  close?(): Promise<void>;
}

/** More sessions than any run begins; the limits for one person stay as they are. */
const MAX_SESSIONS = 200_000;

/**
 * Nobody is proven anew in the middle of a run: hashes by chance are no measure, and what one costs is measured beside.
 * So there is room for more people than any run has at once, too. A machine that others use takes its time for a hash.
 */
const ONCE = { proofCache: { ttlSeconds: 3600, max: 20_000 }, timeoutMs: 30_000 };

export function bearerChain(): Chain {
  return {
    guards: [mcpBearerAuth({ verifier: tokenVerifier }), mcpSessionBinding({ maxSessions: MAX_SESSIONS })],
  };
}

export async function fullChain({ verifier = 'scrypt', store = 'memory' }: Setting): Promise<Chain> {
  const shared = store === 'redis' ? await redisStores() : undefined;
  const basic = await verifierOf(verifier);
  return {
    guards: [
      mcpOriginGuard(),
      // Longer than any run: a window that ends in the middle of one would change what is measured.
      mcpLoginLimiter({ durationSeconds: 3600, ...(shared && { store: shared.logins }) }),
      mcpTokenGuard({ token: SHARED_TOKEN }),
      mcpBearerAuth({ verifier: tokenVerifier }),
      mcpBasicAuth({
        verifier: basic,
        ...ONCE,
        ...(verifier === 'waits' && { maxConcurrent: 64 }),
      }),
      mcpSessionBinding({ maxSessions: MAX_SESSIONS, ...(shared && { store: shared.sessions }) }),
    ],
    ...(shared && { close: shared.close }),
  };
}

async function verifierOf(kind: Setting['verifier']): Promise<BasicAuthOptions['verifier']> {
  if (kind === 'scrypt') {
    const passwordHash = await hashPassword(PASSWORD, SCRYPT);
    return passwordVerifier({
      parameters: SCRYPT,
      findUser: (username) => ({ passwordHash, principal: { subject: username } }),
    });
  }
  return async ({ username, password }) => {
    if (kind === 'waits') await delay(VERIFIER_MS);
    return password === PASSWORD ? { subject: username } : null;
  };
}

async function redisStores() {
  const client = createClient({ url: REDIS_URL });
  client.on('error', (error) => console.error('Redis:', error.message));
  await client.connect();
  const prefix = `bench-${randomUUID()}:`;
  return {
    logins: redisLoginStore({ client, prefix: `${prefix}logins:` }),
    sessions: redisSessionStore({
      client,
      prefix: `${prefix}sessions:`,
      secret: randomBytes(32).toString('hex'),
    }),
    async close() {
      // A hash tag puts its braces around the prefix, so that it may come in the middle of a key.
      for await (const keys of client.scanIterator({ MATCH: `*${prefix}*`, COUNT: 1000 })) {
        if (keys.length > 0) await client.unlink(keys);
      }
      client.destroy();
    },
  };
}
