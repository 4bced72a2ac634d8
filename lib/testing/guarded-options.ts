import { validateHeaderName, validateHeaderValue } from 'node:http';

import { basicValue } from '../audit/actor.js';
import { allChecks } from '../audit/checks/index.js';
import type { HeaderLines } from '../audit/headers.js';
import { checkOptions, isRecord, type OptionRule, oneOf, rule } from '../options.js';

/** How a caller proves who they are: by Basic, by Bearer, or with headers of any kind. */
export type GuardedCredentials =
  | { readonly username: string; readonly password: string }
  | { readonly token: string }
  | { readonly headers: Readonly<Record<string, string>> };

export interface AssertGuardedOptions {
  /** Where the endpoint is mounted. Default: `/mcp`; of a URL, its own path. */
  readonly path?: string;
  /** Of somebody who may use the endpoint. Without them much cannot be looked for. */
  readonly credentials?: GuardedCredentials;
  /** Of another person. */
  readonly otherCredentials?: GuardedCredentials;
  /** Sent with every request, also those without a credential: `Host`, a shared token. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where HTTP+SSE (MCP 2024-11-05) is mounted, if it is. */
  readonly legacySsePath?: string;
  /** Also guess, so many times, passwords of a made-up account. Default: none. */
  readonly guesses?: number;
  /** Also send the token of `credentials` in a URL. Default: `false`. */
  readonly tokenInQuery?: boolean;
  /** The checks that run. Default: all. */
  readonly only?: readonly string[];
  /** Checks that do not run. */
  readonly skip?: readonly string[];
  /** The mildest severity that fails. Default: `'low'`. */
  readonly failOn?: 'high' | 'medium' | 'low';
  /** For each request. Default: 5000. */
  readonly timeoutMs?: number;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function isHeaders(value: unknown): value is Record<string, string> {
  if (!isRecord(value)) return false;
  try {
    for (const [name, text] of Object.entries(value)) {
      validateHeaderName(name);
      validateHeaderValue(name, text as string);
    }
    return Object.values(value).every(isText);
  } catch {
    return false;
  }
}

function isCredentials(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const names = Object.keys(value).sort().join();
  if (names === 'password,username') return isText(value.username) && typeof value.password === 'string';
  if (names === 'token') return isText(value.token);
  return names === 'headers' && isHeaders(value.headers) && Object.keys(value.headers).length > 0;
}

const credentials: OptionRule = {
  must: 'an object with username and password, with token, or with headers',
  test: isCredentials,
};
const path: OptionRule = {
  must: 'a path that begins with /',
  test: (value) => isText(value) && value.startsWith('/'),
};
const checkIds: OptionRule = {
  must: 'an array of ids of checks',
  test: (value) => Array.isArray(value) && value.every((name) => allChecks.some(({ id }) => id === name)),
};

const RULES: Readonly<Record<keyof AssertGuardedOptions, OptionRule>> = {
  path,
  credentials,
  otherCredentials: credentials,
  headers: { must: 'an object of headers', test: isHeaders },
  legacySsePath: path,
  guesses: rule.count,
  tokenInQuery: rule.flag,
  only: checkIds,
  skip: checkIds,
  failOn: oneOf('high', 'medium', 'low'),
  timeoutMs: rule.milliseconds,
};

/** @throws TypeError naming the option */
export function checkGuardedOptions(options: AssertGuardedOptions): void {
  checkOptions('assertGuarded', options, RULES);
  const { credentials: first, otherCredentials: second } = options;
  if (second && !first) throw new TypeError('assertGuarded: option "otherCredentials" needs "credentials"');
  const isSame = second && first && JSON.stringify(linesOf(first)) === JSON.stringify(linesOf(second));
  if (isSame) throw new TypeError('assertGuarded: option "otherCredentials" must be of another person');
}

/** The header lines that present a credential. */
export function linesOf(given: GuardedCredentials): HeaderLines {
  if ('headers' in given) return Object.entries(given.headers);
  const value = 'token' in given ? `Bearer ${given.token}` : basicValue(given.username, given.password);
  return [['Authorization', value]];
}
