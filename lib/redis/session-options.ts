import { checkOptions, type OptionRule, rule } from '../options.js';
import { CLIENT_RULE, type RedisClient } from './client.js';
import { DEFAULT_TIMEOUT_MS } from './connection.js';
import { Namespace } from './session-namespace.js';

export interface RedisSessionStoreOptions {
  /** Connected by you, with its default options. The store makes a second connection of it while somebody listens for deletions. */
  readonly client: RedisClient;
  /**
   * What names and encrypts everything in Redis: at least 32 characters, random, the same in every process. To replace
   * it, an array: new sessions are kept under the first, those under the others are still found and counted.
   */
  readonly secret: string | readonly string[];
  /** What all keys begin with; no `{` or `}` in it. Default: `mcp`. */
  readonly prefix?: string;
  /** How long an operation waits for Redis before it is an outage, in milliseconds. Default: 200. */
  readonly timeoutMs?: number;
}

const MIN_SECRET_CHARACTERS = 32;

/** White space at an end is that of the file it was read from, and would be another secret in another process. */
const isSecret = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= MIN_SECRET_CHARACTERS && value.trim() === value;

const SECRET_RULE: OptionRule = {
  must: `a string of at least ${MIN_SECRET_CHARACTERS} characters without white space at its ends, or an array of such strings, none of them twice`,
  required: true,
  test: (value) =>
    isSecret(value) ||
    (Array.isArray(value) &&
      value.length > 0 &&
      value.every(isSecret) &&
      new Set(value).size === value.length),
};

const RULES: Readonly<Record<keyof RedisSessionStoreOptions, OptionRule>> = {
  client: CLIENT_RULE,
  secret: SECRET_RULE,
  prefix: {
    must: 'a non-empty string without { and }',
    test: (value) => rule.text.test(value) && !/[{}]/.test(value as string),
  },
  timeoutMs: rule.milliseconds,
};

export interface SessionStoreSettings {
  readonly client: RedisClient;
  /** One for each secret, newest first. */
  readonly spaces: readonly [Namespace, ...Namespace[]];
  readonly prefix: string;
  readonly timeoutMs: number;
}

/** Throws `TypeError` for what `redisSessionStore` cannot work with; no secret is in its text. */
export function readSessionOptions(options: RedisSessionStoreOptions): SessionStoreSettings {
  checkOptions('redisSessionStore', options, RULES);
  const { client, secret, prefix = 'mcp', timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const [newest, ...older] = secrets.map((one) => new Namespace(one));
  if (!newest) throw new TypeError('redisSessionStore: option "secret" must not be empty');
  return { client, spaces: [newest, ...older], prefix, timeoutMs };
}
