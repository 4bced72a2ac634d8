import type { RequestHandler } from 'express';
import { AMBIGUOUS, hasQueryToken, MCP_METHODS } from '../authentication/last-gate.js';
import { setPrincipal } from '../authentication/set-principal.js';
import { defineGuard } from '../guard.js';
import { checkOptions } from '../options.js';
import { isPrincipal, sealPrincipal } from '../principal.js';
import { authorizationOf } from '../request-state.js';
import type { Principal } from '../types.js';

export interface ServiceAccountOptions {
  /** Required. Whom a request without any credential runs as. */
  readonly principal: Principal;
}

/**
 * Lets requests that carry no `Authorization` at all run as one service account. A credential that is present but
 * wrong, unusable or of an unknown scheme never falls back to it. Mount it after every authentication guard.
 * Throws `TypeError` for bad options.
 *
 * @example
 * app.use('/mcp', mcpBasicAuth({ verifier }), mcpServiceAccount({ principal: { subject: 'public-reader' } }));
 */
export function mcpServiceAccount(options: ServiceAccountOptions): RequestHandler {
  checkOptions('mcpServiceAccount', options, {
    principal: { must: 'a principal with a non-empty subject', test: isPrincipal, required: true },
  });
  const principal = sealPrincipal(options.principal);

  return defineGuard('mcpServiceAccount', (request, _response, state) => {
    if (!MCP_METHODS.has(request.method) || state.principal || state.deferred) return undefined;
    if (hasQueryToken(request.originalUrl)) return AMBIGUOUS;
    if (authorizationOf(request, state).kind !== 'none') return undefined;
    setPrincipal(request, state, principal);
    return undefined;
  });
}
