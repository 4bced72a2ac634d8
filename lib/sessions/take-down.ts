import type { Publish } from '../events.js';
import type { SessionEndReason } from '../types.js';
import { withinTime } from '../within-time.js';
import type { LiveSession } from './live-session.js';
import { type Ended, PATIENCE_MS, type Removals } from './removals.js';

/** What becomes of the record: it has to be removed, was removed by `us` or by `others`, or is `kept` for other nodes. */
export type RecordFate = 'remove' | 'us' | 'others' | 'kept';

/**
 * Closes everything of a session: exchanges, server, record, login. Never rejects. Whoever removed the record undoes
 * the login, so that it is undone once over all nodes.
 */
export async function takeDown(
  session: LiveSession,
  reason: SessionEndReason,
  fate: RecordFate,
  removals: Removals,
  publish: Publish,
): Promise<void> {
  // What follows may come back to the registry: by then the end must be known there.
  await Promise.resolve();
  session.stop(reason);
  const { id, owner } = session;
  try {
    await withinTime(() => session.closeServer?.(), PATIENCE_MS);
  } catch {
    publish({ type: 'server.failed', reason: 'transport', principal: owner, session: id });
  }
  if (fate === 'kept') return;
  const ended = endedOf(session, reason);
  const isOurs = fate === 'us' || (fate === 'remove' && (await removals.remove(ended)));
  publish({ type: 'session.ended', reason, principal: owner, session: id });
  if (isOurs) await removals.undo(ended);
}

/** The end of a session as it is now, with what its login has added. */
export function endedOf(session: LiveSession, reason: SessionEndReason): Ended {
  const { id, owner, principal, hooks, onEndError } = session;
  return { id, owner, principal, hooks, onEndError, reason };
}
