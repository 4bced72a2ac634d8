import { randomBytes } from 'node:crypto';

import { parseBasic, readAuthorization } from '../http/authorization.js';
import type { BasicCredentials } from '../types.js';
import { type HeaderLines, headerOf, withHeaders } from './headers.js';

/** Somebody who calls: what the report calls them, and what they present. */
export interface Actor {
  readonly name: string;
  readonly headers: HeaderLines;
}

export const madeUp = (): string => `audit-${randomBytes(16).toString('hex')}`;

export const basicValue = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** An actor with another `Authorization`, and nothing else of a credential. */
export const withAuthorization = (name: string, ...values: readonly string[]): Actor => ({
  name,
  headers: values.map((value) => ['Authorization', value]),
});

/**
 * The same credential, made wrong: another password of the same user, another token of the same length. Where
 * `Authorization` is among the headers only that is altered: the others may name what is no secret.
 */
export function spoiled({ name, headers }: Actor): Actor {
  const authorization = headerOf(headers, 'authorization');
  const altered: HeaderLines =
    authorization === undefined
      ? headers.map(([key, value]) => [key, alter(value)])
      : withHeaders(headers, [['Authorization', wrong(authorization)]]);
  return { name: `${name}, made wrong`, headers: altered };
}

function wrong(authorization: string): string {
  const basic = basicIn([['Authorization', authorization]]);
  if (basic) return basicValue(basic.username, madeUp());
  const secret = withoutScheme(authorization);
  return authorization.slice(0, -secret.length) + alter(secret);
}

/** Other characters near the end, where a signature is; the last ones of base64 may mean nothing. */
function alter(value: string): string {
  const end = Math.max(1, value.length - 3);
  const start = Math.max(0, end - 8);
  const other = randomBytes(8)
    .toString('hex')
    .slice(0, end - start);
  const altered = value.slice(0, start) + other + value.slice(end);
  return altered === value ? alter(value) : altered;
}

/** What of a credential must not be shown: its values, and what they are made of. */
export function secretsOf(headers: HeaderLines): readonly string[] {
  return headers
    .flatMap(([, value]) => [value, withoutScheme(value), basicIn([['Authorization', value]])?.password])
    .filter((secret) => secret !== undefined);
}

/** What `Authorization` says among these headers; no scheme where it is not there once. */
export function authorizationIn(headers: HeaderLines): { readonly scheme: string; readonly value: string } {
  const read = readAuthorization(headers.flat());
  return read.kind === 'present' ? read : { scheme: '', value: '' };
}

/** What an `Authorization` of Basic among these headers holds. */
export function basicIn(headers: HeaderLines): BasicCredentials | undefined {
  const { scheme, value } = authorizationIn(headers);
  return scheme === 'basic' ? parseBasic(value) : undefined;
}

/** A value without its first word, if there are more: some servers take a key in `Authorization` without a scheme. */
const withoutScheme = (value: string): string => value.replace(/^\S+ +(?=\S)/, '');
