import type { Request } from 'express';

import type { Denial } from '../http/denial.js';
import { queryValues } from '../http/query.js';
import { authorizationOf, type RequestState } from '../request-state.js';

/** The methods of MCP. On any other, authentication guards prove nothing. */
export const MCP_METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE']);

export const METHOD_NOT_ALLOWED: Denial = { code: 'method_not_allowed', allow: 'GET, POST, DELETE' };
export const AMBIGUOUS: Denial = { code: 'ambiguous_credentials' };

/** MCP forbids credentials in the query; one that is there has been logged by every hop. */
export function hasQueryToken(url: string): boolean {
  return queryValues(url, 'access_token').length > 0;
}

/** No principal, no service: the refusal of a request that no authentication guard has let pass. */
export function lastGate(request: Request, state: RequestState): Denial | undefined {
  if (state.deferred) return state.deferred;
  if (state.principal) return undefined;
  const { kind } = authorizationOf(request, state);
  if (kind === 'ambiguous' || hasQueryToken(request.originalUrl)) return AMBIGUOUS;
  return { code: kind === 'none' ? 'missing_credentials' : 'malformed_credentials' };
}
