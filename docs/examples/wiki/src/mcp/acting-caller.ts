import type { Principal } from 'express-mcp-guards';
import { WikiError } from '../errors.js';
import type { Caller, CallerOf } from '../users/callers.js';
import type { AccessTokens } from '../users/tokens.js';

/** The `clientId` of the service account, the only principal that no login has issued an access JWT for. */
export const SERVICE_ACCOUNT = 'service-account';

/**
 * From the principal that the guards proved to the wiki's own caller, by way of an access JWT: tools come in through
 * the same door as REST requests, and a disabled user or an expired token is stopped there once more.
 */
export function actingCaller(
  callerOf: CallerOf,
  tokens: AccessTokens,
): (principal: Principal | undefined) => Promise<Caller> {
  return async function callerFor(principal) {
    if (principal?.token !== undefined) return callerOf(principal.token);
    if (principal?.clientId === SERVICE_ACCOUNT)
      return callerOf((await tokens.issue(principal.subject)).token);
    throw new WikiError('unauthenticated', 'Nobody is signed in');
  };
}
