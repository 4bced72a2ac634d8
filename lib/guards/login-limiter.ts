import type { Request, RequestHandler } from 'express';

import { type LoginKeyName, LoginLimiter } from '../credentials/login-limiter.js';
import { MemoryLoginStore } from '../credentials/memory-login-store.js';
import { defineGuard } from '../guard.js';
import { clientKey as addressKey } from '../http/client-key.js';
import { checkOptions, methodsOf, type OptionRule, rule } from '../options.js';
import type { LoginStore } from '../types.js';

export interface LoginLimiterOptions {
  /** Failures within one window that close a key. Default 5. */
  readonly points?: number;
  /** The window. Default 60. */
  readonly durationSeconds?: number;
  /** What failures are counted on. Default all three. */
  readonly keys?: readonly LoginKeyName[];
  /** Where failures are counted. Default: this process. */
  readonly store?: LoginStore;
  /** Names the client of a request. Default: `req.ip`, IPv6 by /64. */
  readonly clientKey?: (request: Request) => string;
  /** Attempts that may wait for others in flight, per key; beyond it 503. Default 64. */
  readonly maxWaiting?: number;
}

const NAMES: readonly LoginKeyName[] = ['ip', 'ip+account', 'account'];

const keysRule: OptionRule = {
  must: `a non-empty list of ${NAMES.map((name) => `"${name}"`).join(', ')}`,
  test: (value) => Array.isArray(value) && value.length > 0 && value.every((name) => NAMES.includes(name)),
};

/**
 * Limits failed logins by address, address and account, and account. It asks nothing itself: the guards after it ask
 * when they are about to verify a credential, so what is proven already is never held up.
 * Full by failures: 429 `too_many_attempts`. Store down or too many waiting: 503.
 * Throws `TypeError` for bad options.
 *
 * @example
 * app.use('/mcp', mcpLoginLimiter({ points: 5, durationSeconds: 60 }), mcpBasicAuth({ verifier }));
 */
export function mcpLoginLimiter(options: LoginLimiterOptions = {}): RequestHandler {
  checkOptions('mcpLoginLimiter', options, {
    points: rule.count,
    durationSeconds: rule.seconds,
    keys: keysRule,
    store: methodsOf('reserve', 'settle'),
    clientKey: rule.callback,
    maxWaiting: rule.count,
  });
  const { points = 5, durationSeconds = 60, keys = NAMES, maxWaiting = 64, clientKey } = options;
  const limiter = new LoginLimiter({
    budget: { points, durationSeconds },
    keys,
    store: options.store ?? new MemoryLoginStore(),
    maxWaiting,
  });
  const warnOnce = proxyWarning();

  return defineGuard('mcpLoginLimiter', (request, _response, state) => {
    warnOnce(request);
    const client = clientKey ? clientKey(request) : addressKey(request.ip);
    // No name is its own bucket, never a pass.
    state.question = { limiter, client: typeof client === 'string' && client !== '' ? client : 'unknown' };
    return undefined;
  });
}

/** Warns once where the address that is limited may not be the client's. */
function proxyWarning(): (request: Request) => void {
  let hasWarned = false;
  return (request) => {
    if (hasWarned || request.headers['x-forwarded-for'] === undefined) return;
    const trust: unknown = request.app.get('trust proxy');
    if (trust !== true && trust !== false && trust !== undefined) return;
    hasWarned = true;
    process.emitWarning(
      trust === true
        ? "mcpLoginLimiter: 'trust proxy' is true, so any client can choose its own address; name your proxies: app.set('trust proxy', 'loopback')"
        : "mcpLoginLimiter: X-Forwarded-For arrives but 'trust proxy' is off, so all clients of the proxy share one address; name your proxies: app.set('trust proxy', 'loopback')",
      { code: 'MCP_GUARD_TRUST_PROXY' },
    );
  };
}
