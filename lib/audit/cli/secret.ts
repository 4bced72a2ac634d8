import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';

import { trimBlanks } from '../../http/blanks.js';
import { basicValue } from '../actor.js';
import type { HeaderLines } from '../headers.js';
import { UsageError } from './usage-error.js';

/** What one value on the command line stands for: itself, or with `@` before it the text of a file. */
export function secretIn(option: string, value: string): string {
  if (!value.startsWith('@')) return value;
  try {
    return readFileSync(value.slice(1), 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new UsageError(`${option}: the file cannot be read`);
  }
}

/** A header from `Name: value`. */
export function headerFrom(option: string, text: string): readonly [name: string, value: string] {
  const [, name = '', value = ''] = /^([^:]+):(.*)/s.exec(text) ?? [];
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new UsageError(`${option} must be 'Name: value'`);
  }
  // As a server reads it, so that what it repeats of it is known for a secret.
  return [name, trimBlanks(value)];
}

/** The ways to give one credential, as they came. */
export interface CredentialInput {
  readonly user: string | undefined;
  readonly bearer: string | undefined;
  readonly headers: readonly string[];
}

/**
 * The headers of one credential; `undefined` where none is given. `prefix` is that of its options.
 *
 * @throws UsageError
 */
export function credentialFrom(
  prefix: string,
  { user, bearer, headers }: CredentialInput,
): HeaderLines | undefined {
  const lines: (readonly [string, string])[] = [];
  if (user !== undefined) {
    const text = secretIn(`--${prefix}user`, user);
    const colon = text.indexOf(':');
    if (colon < 1) throw new UsageError(`--${prefix}user must be 'name:password'`);
    lines.push(['Authorization', basicValue(text.slice(0, colon), text.slice(colon + 1))]);
  }
  if (bearer !== undefined) {
    const option = `--${prefix}bearer`;
    lines.push(headerFrom(option, `Authorization: Bearer ${secretIn(option, bearer)}`));
  }
  for (const header of headers) {
    const option = `--${prefix}credential`;
    lines.push(headerFrom(option, secretIn(option, header)));
  }
  const names = lines.map(([name]) => name.toLowerCase());
  if (new Set(names).size < names.length)
    throw new UsageError(`one header is given twice for the ${prefix ? 'second' : 'first'} credential`);
  return lines.length > 0 ? lines : undefined;
}
