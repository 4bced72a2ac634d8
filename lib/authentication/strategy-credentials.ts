import type { Request } from 'express';

import { fingerprint } from '../credentials/fingerprint.js';
import { accountKey } from '../http/account-key.js';
import { parseBasic } from '../http/authorization.js';
import type { Denial } from '../http/denial.js';
import { headerValues } from '../http/headers.js';
import { isToken } from '../http/token.js';
import type { OptionRule } from '../options.js';
import type { RequestState } from '../request-state.js';
import type { BasicCredentials } from '../types.js';
import { type Presented, presentAuthorization } from './presented.js';

/** What a strategy owns: an `Authorization` scheme, or a header (told by its dash unless said outright). */
export type SchemeOption = string | { readonly scheme: string } | { readonly header: string };

/** What a strategy needs beyond the request: where it reads `req.body`, the Basic credentials go there. */
export interface StrategyCredentials {
  readonly body?: BasicCredentials;
}

export interface OwnedScheme {
  /** As written by the user, for the challenge. */
  readonly name: string;
  /** Lower case; `undefined` where an `Authorization` scheme is owned. */
  readonly header: string | undefined;
  present(request: Request, state: RequestState): Presented<StrategyCredentials> | Denial | undefined;
}

const isName = (value: unknown): boolean => typeof value === 'string' && isToken(value);

export const schemeRule: OptionRule = {
  must: 'an Authorization scheme, a header name, { scheme } or { header }',
  required: true,
  test: (value) =>
    isName(value) ||
    (typeof value === 'object' &&
      value !== null &&
      Object.keys(value).length === 1 &&
      Object.entries(value).every(([key, name]) => (key === 'scheme' || key === 'header') && isName(name))),
};

/** How a request presents what `option` names. */
export function ownedScheme(option: SchemeOption): OwnedScheme {
  const named =
    typeof option !== 'string' ? option : option.includes('-') ? { header: option } : { scheme: option };
  if ('header' in named) {
    const header = named.header.toLowerCase();
    return { name: named.header, header, present: (request) => presentHeader(request, header) };
  }
  const scheme = named.scheme.toLowerCase();
  const parse = scheme === 'basic' ? presentBasic : presentValue;
  return {
    name: named.scheme,
    header: undefined,
    present: (request, state) => presentAuthorization(request, state, scheme, parse),
  };
}

function presentHeader(
  request: Request,
  header: string,
): Presented<StrategyCredentials> | Denial | undefined {
  const [value, second] = headerValues(request.rawHeaders, header);
  if (value === undefined) return undefined;
  if (second !== undefined) return { code: 'ambiguous_credentials' };
  return presentValue(value) ?? { code: 'malformed_credentials' };
}

function presentValue(value: string): Presented<StrategyCredentials> | undefined {
  return value === '' ? undefined : { key: fingerprint(value), credentials: {} };
}

function presentBasic(value: string): Presented<StrategyCredentials> | undefined {
  const body = parseBasic(value);
  const account = body && accountKey(body.username);
  return body && account !== undefined
    ? { key: fingerprint(value), account, credentials: { body } }
    : undefined;
}
