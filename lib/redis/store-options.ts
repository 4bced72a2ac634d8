import { checkOptions, type OptionRule, rule } from '../options.js';
import { CLIENT_RULE, type RedisClient } from './client.js';
import { Connection, DEFAULT_TIMEOUT_MS } from './connection.js';

/** What every store over Redis takes. */
export interface RedisStoreOptions {
  /** A client of the package `redis` or `ioredis`, connected and closed by you. */
  readonly client: RedisClient;
  /** What every key in Redis begins with; without `{` and `}`. Default `mcp`. */
  readonly prefix?: string;
  /** How long to wait for Redis, in milliseconds; beyond it, it is down. Default 200. */
  readonly timeoutMs?: number;
}

const PREFIX_RULE: OptionRule = {
  must: 'a non-empty string without { and }',
  test: (value) => typeof value === 'string' && /^[^{}]+$/.test(value),
};

export interface StoreGround {
  readonly connection: Connection;
  readonly prefix: string;
}

/** Checks the options of a store; throws `TypeError` for bad ones. `rules` are those of its own. */
export function openStore(
  owner: string,
  options: RedisStoreOptions,
  rules: Readonly<Record<string, OptionRule>> = {},
): StoreGround {
  checkOptions(owner, options, {
    client: CLIENT_RULE,
    prefix: PREFIX_RULE,
    timeoutMs: rule.milliseconds,
    ...rules,
  });
  const { client, prefix = 'mcp', timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return { connection: new Connection(client, timeoutMs), prefix };
}
