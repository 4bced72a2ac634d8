import type { ApiKey } from './api-key.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** The origin of the API; without it the demo API is started. */
  readonly apiUrl: string | undefined;
  readonly allowedHosts: readonly string[] | undefined;
  /** Express' `trust proxy`: how many proxies, or their addresses. */
  readonly trustProxy: number | readonly string[] | undefined;
}

/** What the environment of a server over stdio says: the key of the one person it works for. */
export interface StdioConfig extends ApiKey {
  readonly apiUrl: string;
  readonly organization: string | undefined;
}

/** A setting that cannot be used; the message names its variable. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
}

type Environment = Readonly<Record<string, string | undefined>>;

const reader = (environment: Environment) => (name: string) => environment[name]?.trim() || undefined;

/** The settings of one run. Throws `InvalidConfig`. */
export function readConfig(environment: Environment): Config {
  const read = reader(environment);
  return {
    host: read('HOST') ?? '127.0.0.1',
    port: portFrom(read('PORT') ?? '3000'),
    apiUrl: originFrom(read('API_URL')),
    allowedHosts: listFrom(read('ALLOWED_HOSTS')),
    trustProxy: trustProxyFrom(read('TRUST_PROXY')),
  };
}

/** Throws `InvalidConfig`. */
export function readStdioConfig(environment: Environment): StdioConfig {
  const read = reader(environment);
  const [keyId, secret, apiUrl] = [read('ACME_KEY_ID'), read('ACME_KEY_SECRET'), originFrom(read('API_URL'))];
  if (!keyId || !secret) throw new InvalidConfig('ACME_KEY_ID and ACME_KEY_SECRET must hold an API key');
  if (!apiUrl) throw new InvalidConfig('API_URL must name the API, such as https://api.acme.example');
  return { apiUrl, keyId, secret, organization: read('ACME_ORGANIZATION_ID') };
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidConfig('PORT must be a whole number from 0 to 65535');
  return port;
}

function originFrom(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const isEncrypted = /^https:|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(text);
  if (!isEncrypted || !URL.canParse(text) || new URL(text).origin !== text) {
    throw new InvalidConfig('API_URL must be an https origin, such as https://api.acme.example');
  }
  return text;
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
