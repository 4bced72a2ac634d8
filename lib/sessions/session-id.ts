import type { Request } from 'express';

import type { GuardEventReason } from '../events.js';
import { headerValues, withoutHeader } from '../http/headers.js';
import { principalKey } from '../principal.js';
import type { Principal } from '../types.js';
import type { LiveSession } from './live-session.js';

const HEADER = 'mcp-session-id';
/** Ids are minted here: 32 random bytes, base64url. */
const OUR_SHAPE = /^[A-Za-z0-9_-]{43}$/;
/** MCP 2025-11-25, session management: visible ASCII. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

export type SentSessionId =
  | { readonly kind: 'none' }
  /** Sent twice, or with characters that no session id may have. */
  | { readonly kind: 'invalid' }
  /** `isOurs`: of the shape that is minted here; no other is worth a look-up. */
  | { readonly kind: 'sent'; readonly id: string; readonly isOurs: boolean };

/** The session id that a request carries, read where Node has not joined two into one. */
export function sentSessionId({ rawHeaders }: Request): SentSessionId {
  const [id, second] = headerValues(rawHeaders, HEADER);
  if (id === undefined) return { kind: 'none' };
  if (second !== undefined || !VISIBLE_ASCII.test(id)) return { kind: 'invalid' };
  return { kind: 'sent', id, isOurs: OUR_SHAPE.test(id) };
}

/** Takes the id out of the request, so that no handler ever sees one that is not its caller's. */
export function forgetSessionId(request: Request): void {
  delete request.headers[HEADER];
  request.rawHeaders = withoutHeader(request.rawHeaders, HEADER);
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
