import type { OptionRule } from '../options.js';
import type { RedisClient } from './client.js';
import type { Connection } from './connection.js';
import { Namespace } from './session-namespace.js';
import { openStore, type RedisStoreOptions } from './store-options.js';

/** The options of `redisSessionStore`. The store makes a second connection of `client` while somebody listens for deletions. */
export interface RedisSessionStoreOptions extends RedisStoreOptions {
  /**
   * What names and encrypts everything in Redis: at least 32 characters, random, the same in every process. To replace
   * it, an array: new sessions are kept under the first, those under the others are still found and counted.
   */
  readonly secret: string | readonly string[];
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

export interface SessionStoreSettings {
  readonly client: RedisClient;
  readonly connection: Connection;
  /** One for each secret, newest first. */
  readonly spaces: readonly [Namespace, ...Namespace[]];
  readonly prefix: string;
}

/** Throws `TypeError` for what `redisSessionStore` cannot work with; no secret is in its text. */
export function readSessionOptions(options: RedisSessionStoreOptions): SessionStoreSettings {
  const ground = openStore('redisSessionStore', options, { secret: SECRET_RULE });
  const { client, secret } = options;
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const [newest, ...older] = secrets.map((one) => new Namespace(one));
  /* c8 ignore next -- the rule of the option lets no empty array through */
  if (!newest) throw new TypeError('redisSessionStore: option "secret" must not be empty');
  return { ...ground, client, spaces: [newest, ...older] };
}
