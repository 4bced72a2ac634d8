import type { Request } from 'express';

import { isGuardError, McpGuardError } from '../errors.js';
import type { RequestState } from '../request-state.js';
import { assertAlive, type LiveSession } from '../sessions/live-session.js';
import { mountOf } from '../sessions/origin.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { Awaitable } from '../types.js';
import { untilAborted, withinTime } from '../within-time.js';
import { connectSession } from './connect-session.js';
import { endOnClosing } from './prepare-session.js';
import type { ServeContext } from './serve-context.js';
import type { SessionTransport } from './session-transport.js';

/** Whether this handler may go on with a session that another process began: at the same mount, where its user lets it. */
export function canRebuild(request: Request, { origin }: LiveSession, { failover }: ServeContext): boolean {
  return failover && origin !== undefined && origin.at === mountOf(request);
}

/**
 * The transport of a session; where another process began the session it is built here, once for all requests that ask
 * at once. `undefined` where this handler does not serve the session. Rejects with a `McpGuardError` where it cannot be
 * built: then this process lets go of it, and its record stays.
 */
export function transportOf(
  request: Request,
  state: RequestState,
  session: LiveSession,
  registry: SessionRegistry,
  context: ServeContext,
): Awaitable<SessionTransport | undefined> {
  const { transports, rebuilding } = context;
  const known = transports.get(session) ?? rebuilding.get(session);
  if (known || !canRebuild(request, session, context)) return known;
  const building = rebuild(request, state, session, registry, context);
  rebuilding.set(session, building);
  return building;
}

async function rebuild(
  request: Request,
  state: RequestState,
  session: LiveSession,
  registry: SessionRegistry,
  context: ServeContext,
): Promise<SessionTransport | undefined> {
  const { createTimeoutMs, closed, publish, transports } = context;
  session.isStarting = true;
  session.onEndError = context.tellEndError;
  try {
    if (closed.aborted) throw new McpGuardError('closing');
    endOnClosing(session, registry, context);
    const transport = await connectSession(session, registry, state, context);
    const replaying = withinTime(
      () => transport.replay(request, session.id, session.origin?.message),
      createTimeoutMs,
    );
    const isServing = await untilAborted(replaying, session.end);
    assertAlive(session);
    if (!isServing) {
      // What it was begun with is not taken any more, as after an upgrade: its client has to begin anew.
      await registry.release(session);
      return undefined;
    }
    transports.set(session, transport);
    session.isStarting = false;
    publish({ type: 'session.restored', principal: session.owner, session: session.id });
    return transport;
  } catch (error) {
    await registry.release(session);
    if (isGuardError(error)) throw error;
    context.report('transport', 'a session could not be built again', error);
    throw new McpGuardError('unavailable', { cause: error });
  }
}
