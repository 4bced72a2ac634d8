import { randomBytes } from 'node:crypto';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Signs the access tokens; the state of multi-round-trip requests is sealed with a key made of it. */
  readonly secret: Uint8Array;
  readonly allowedHosts: readonly string[] | undefined;
  /** Express' `trust proxy`: how many proxies, or their addresses. */
  readonly trustProxy: number | readonly string[] | undefined;
}

/** A setting that cannot be used; the message names its variable. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of one run. Throws `InvalidConfig`. */
export function readConfig(environment: Environment): Config {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  return {
    host: read('HOST') ?? '127.0.0.1',
    port: portFrom(read('PORT') ?? '3000'),
    secret: secretFrom(read('NOTES_SECRET')),
    allowedHosts: listFrom(read('ALLOWED_HOSTS')),
    trustProxy: trustProxyFrom(read('TRUST_PROXY')),
  };
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidConfig('PORT must be a whole number from 0 to 65535');
  return port;
}

/** Without NOTES_SECRET each start signs with a key of its own, and tokens do not survive a restart. */
function secretFrom(text: string | undefined): Uint8Array {
  const secret = text === undefined ? randomBytes(32) : Buffer.from(text, 'utf8');
  if (secret.length < 32) throw new InvalidConfig('NOTES_SECRET must have at least 32 bytes');
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
