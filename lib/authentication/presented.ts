import type { Request } from 'express';

import type { Denial } from '../http/denial.js';
import { authorizationOf, type RequestState } from '../request-state.js';
import type { ForwardedCredentials } from '../types.js';
import { AMBIGUOUS } from './last-gate.js';

/** A credential of a guard's own scheme, as presented. */
export interface Presented<C extends object> {
  /** Its fingerprint. */
  readonly key: string;
  /** The folded account name, where it names one. */
  readonly account?: string;
  /** As parsed; hidden before anybody else gets them. */
  readonly credentials: C;
  /** What `req.auth.token` reads when the principal carries no token. */
  readonly token?: string;
  readonly resource?: URL;
  /** What tools present upstream, where the credential is meant for it. */
  readonly forwarded?: ForwardedCredentials;
}

const MALFORMED: Denial = { code: 'malformed_credentials' };

/**
 * What an `Authorization` of this scheme presents: `undefined` for another scheme or none, a denial for an ambiguous
 * header, else `parse` of what follows the scheme (`undefined` from it: malformed).
 */
export function presentAuthorization<C extends object>(
  request: Request,
  state: RequestState,
  scheme: string,
  parse: (value: string) => Presented<C> | undefined,
): Presented<C> | Denial | undefined {
  const authorization = authorizationOf(request, state);
  if (authorization.kind === 'ambiguous') return AMBIGUOUS;
  if (authorization.kind === 'none' || authorization.scheme !== scheme) return undefined;
  return parse(authorization.value) ?? MALFORMED;
}
