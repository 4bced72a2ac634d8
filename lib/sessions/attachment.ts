import type { RequestState } from '../request-state.js';
import type { Exchange } from './exchange.js';
import type { LiveSession } from './live-session.js';
import type { SessionRegistry } from './session-registry.js';

/** What the session binding leaves for the handler. */
export interface SessionAttachment {
  readonly registry: SessionRegistry;
  readonly exchange: Exchange;
  /** The caller's own live session, where the request names it. */
  readonly session: LiveSession | undefined;
}

export function attach(state: RequestState, attachment: SessionAttachment): void {
  state.sessions = attachment;
}

/** `undefined` where no session binding is mounted. */
export function attachmentOf(state: RequestState): SessionAttachment | undefined {
  return state.sessions as SessionAttachment | undefined;
}
