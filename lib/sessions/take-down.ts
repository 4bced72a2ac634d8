import type { Publish } from '../events.js';
import type { SessionEndReason, SessionStore } from '../types.js';
import { withinTime } from '../within-time.js';
import type { LiveSession } from './live-session.js';

/** Whoever waits for the end of a session (a client's DELETE, a shutdown) waits no longer for any part of it. */
const PATIENCE_MS = 5000;

export interface TakeDownContext {
  readonly store: SessionStore;
  readonly publish: Publish;
}

/** Whether its record still has to be removed: `ask` the store, it was removed by `us`, or by `others`. */
export type Removal = 'ask' | 'us' | 'others';

/**
 * Closes everything of a session: exchanges, server, record, login. Never rejects. Whoever removed the record undoes
 * the login, so that it is undone once over all nodes.
 */
export async function takeDown(
  session: LiveSession,
  reason: SessionEndReason,
  removal: Removal,
  { store, publish }: TakeDownContext,
): Promise<void> {
  // What follows may come back to the registry: by then the end must be known there.
  await Promise.resolve();
  session.stop(reason);
  const about = { principal: session.owner, session: session.id };
  const fail = (failure: 'transport' | 'store_error' | 'end_session'): void =>
    publish({ type: 'server.failed', reason: failure, ...about });
  try {
    await withinTime(() => session.closeServer?.(), PATIENCE_MS);
  } catch {
    fail('transport');
  }
  if (store.shared && reason === 'shutdown') return;
  let isOurs = removal === 'us';
  try {
    if (removal === 'ask') isOurs = await withinTime(() => store.delete(session.id, reason), PATIENCE_MS);
  } catch {
    // The record stays until the store forgets it; where no other node can find it, the login is undone here.
    isOurs = !store.shared;
    fail('store_error');
  }
  publish({ type: 'session.ended', reason, ...about });
  if (!isOurs) return;
  try {
    const context = { sessionId: session.id, reason };
    await withinTime(() => session.hooks?.endSession?.(session.principal, context), PATIENCE_MS);
  } catch (error) {
    fail('end_session');
    session.onEndError?.(error);
  }
}
