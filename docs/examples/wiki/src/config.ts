import { randomBytes } from 'node:crypto';
import { isSchemaName } from './db/database.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** A PostgreSQL server; without it the embedded one is used. */
  readonly databaseUrl: string | undefined;
  readonly schema: string;
  /** Folder of the embedded database; without it, memory. */
  readonly dataDir: string | undefined;
  /** Signs the access tokens. */
  readonly secret: Uint8Array;
  readonly accessTokenSeconds: number;
  readonly mcpToken: string | undefined;
  /** E-mail of the user that MCP clients without credentials act as. */
  readonly serviceAccount: string | undefined;
  readonly allowedHosts: readonly string[] | undefined;
  /** Express' `trust proxy`: how many proxies, or their addresses. */
  readonly trustProxy: number | readonly string[] | undefined;
  /** The Redis that all nodes of this wiki share; without it, this process is the only one. */
  readonly redis: RedisConfig | undefined;
}

export interface RedisConfig {
  readonly url: string;
  readonly prefix: string;
  /** What sessions are sealed with in Redis, newest first. */
  readonly sessionSecrets: readonly string[];
}

/** A setting that cannot be used; the message names its variable. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
}

type Environment = Readonly<Record<string, string | undefined>>;
type Read = (name: string) => string | undefined;

/** The settings of one run. Throws `InvalidConfig`. */
export function readConfig(environment: Environment): Config {
  const read: Read = (name) => environment[name]?.trim() || undefined;
  return {
    host: read('HOST') ?? '127.0.0.1',
    port: wholeNumber('PORT', read('PORT') ?? '3000', 0, 65_535),
    databaseUrl: read('DATABASE_URL'),
    schema: schemaFrom(read('DATABASE_SCHEMA') ?? 'wiki'),
    dataDir: read('DATA_DIR'),
    secret: secretFrom(read('WIKI_SECRET')),
    accessTokenSeconds: wholeNumber(
      'ACCESS_TOKEN_SECONDS',
      read('ACCESS_TOKEN_SECONDS') ?? '3600',
      1,
      86_400,
    ),
    mcpToken: read('MCP_TOKEN'),
    serviceAccount: read('WIKI_SERVICE_ACCOUNT'),
    allowedHosts: listFrom(read('ALLOWED_HOSTS')),
    trustProxy: trustProxyFrom(read('TRUST_PROXY')),
    redis: redisFrom(read),
  };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new InvalidConfig(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function schemaFrom(name: string): string {
  if (!isSchemaName(name)) {
    throw new InvalidConfig('DATABASE_SCHEMA must be lower-case letters, digits and underscores');
  }
  return name;
}

/** Without WIKI_SECRET each start signs with a key of its own, and access tokens do not survive a restart. */
function secretFrom(text: string | undefined): Uint8Array {
  if (text === undefined) return randomBytes(32);
  const secret = new TextEncoder().encode(text);
  if (secret.length < 32) throw new InvalidConfig('WIKI_SECRET must be at least 32 bytes');
  return secret;
}

function listFrom(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function trustProxyFrom(text: string | undefined): number | readonly string[] | undefined {
  if (text === undefined) return undefined;
  if (text === 'true') throw new InvalidConfig('TRUST_PROXY must be a number of proxies or their addresses');
  return /^\d+$/.test(text) ? Number(text) : listFrom(text);
}

/** Many nodes must agree on whatever one of them leaves to another. */
function redisFrom(read: Read): RedisConfig | undefined {
  const url = read('REDIS_URL');
  if (url === undefined) return undefined;
  if (!(/^rediss?:/.test(url) && URL.canParse(url)))
    throw new InvalidConfig('REDIS_URL must be a redis:// or rediss:// URL');
  if (read('DATABASE_URL') === undefined) {
    throw new InvalidConfig(
      'REDIS_URL needs DATABASE_URL, a PostgreSQL that all nodes share: the embedded database is one process’s own',
    );
  }
  if (read('WIKI_SECRET') === undefined) {
    throw new InvalidConfig(
      'REDIS_URL needs WIKI_SECRET, the same on all nodes: each takes the tokens of the others',
    );
  }
  const prefix = read('REDIS_PREFIX') ?? 'wiki';
  if (/[{}]/.test(prefix)) throw new InvalidConfig('REDIS_PREFIX must not contain { or }');
  return { url, prefix, sessionSecrets: sessionSecretsFrom(read('SESSION_SECRET')) };
}

function sessionSecretsFrom(text: string | undefined): readonly string[] {
  const secrets = listFrom(text) ?? [];
  if (secrets.length === 0) {
    throw new InvalidConfig(
      'REDIS_URL needs SESSION_SECRET, the same on all nodes: it seals the sessions in Redis',
    );
  }
  if (secrets.some((secret) => secret.length < 32)) {
    throw new InvalidConfig('SESSION_SECRET must be at least 32 characters');
  }
  if (new Set(secrets).size < secrets.length) throw new InvalidConfig('SESSION_SECRET names a secret twice');
  return secrets;
}
