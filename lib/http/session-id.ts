import { headerValues } from './headers.js';
import { queryValues } from './query.js';

export const SESSION_HEADER = 'mcp-session-id';
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

/** The parts of a request that can name a session. */
export interface SessionNaming {
  readonly method: string;
  readonly rawHeaders: readonly string[];
  /** The request target. */
  readonly originalUrl: string;
}

/** The session id that a request carries in its header, read where Node has not joined two into one. */
export function headerSessionId({ rawHeaders }: Pick<SessionNaming, 'rawHeaders'>): SentSessionId {
  return readSessionId(headerValues(rawHeaders, SESSION_HEADER));
}

/** The id in the query of a POST: how HTTP+SSE (MCP 2024-11-05) names its sessions. */
export function querySessionId({ method, originalUrl }: Omit<SessionNaming, 'rawHeaders'>): SentSessionId {
  return method === 'POST' ? readSessionId(queryValues(originalUrl, 'sessionId')) : { kind: 'none' };
}

/** The session that a request names by either way, not looked up yet; an id that cannot be ours names none. */
export function namedSessionId(request: SessionNaming): string | undefined {
  const header = headerSessionId(request);
  const sent = header.kind === 'none' ? querySessionId(request) : header;
  return sent.kind === 'sent' && sent.isOurs ? sent.id : undefined;
}

function readSessionId([id, second]: readonly string[]): SentSessionId {
  if (id === undefined) return { kind: 'none' };
  if (second !== undefined || !VISIBLE_ASCII.test(id)) return { kind: 'invalid' };
  return { kind: 'sent', id, isOurs: OUR_SHAPE.test(id) };
}
