import type { Request } from 'express';

import type { GuardEventReason } from '../events.js';
import { withoutHeader } from '../http/headers.js';
import { SESSION_HEADER } from '../http/session-id.js';
import { principalKey } from '../principal.js';
import type { Principal } from '../types.js';
import type { LiveSession } from './live-session.js';

/** Takes the id out of the request, so that no handler ever sees one that is not its caller's. */
export function forgetSessionId(request: Request): void {
  delete request.headers[SESSION_HEADER];
  request.rawHeaders = withoutHeader(request.rawHeaders, SESSION_HEADER);
}

/** Why `principal` may not use what it named, if it may not. */
export function bindingRefusal(
  isOurs: boolean,
  session: LiveSession | undefined,
  principal: Principal,
): GuardEventReason | undefined {
  if (!isOurs) return 'malformed_session_id';
  if (!session) return 'unknown_session';
  if (session.owner !== principalKey(principal)) return 'foreign_session';
  return session.covers(principal) ? undefined : 'reduced_scopes';
}
