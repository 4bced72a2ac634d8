import type { Request, Response } from 'express';

import type { Denial } from '../http/denial.js';
import type { RequestState } from '../request-state.js';
import { isGone, onOver } from '../response-end.js';
import type { SessionAttachment } from '../sessions/attachment.js';
import { isInitialize } from '../sessions/first-message.js';
import { assertAlive, type LiveSession } from '../sessions/live-session.js';
import type { Awaitable } from '../types.js';
import { isPending, untilAborted } from '../within-time.js';
import { connectSession } from './connect-session.js';
import { prepareSession } from './prepare-session.js';
import { canRebuild, transportOf } from './rebuild-session.js';
import type { ServeContext } from './serve-context.js';
import { writeWebResponse } from './web-response.js';

/** Serves one request of a session, or the `initialize` that begins one; `message` is the body of a POST. */
export function serveSession(
  request: Request,
  response: Response,
  state: RequestState,
  attachment: SessionAttachment,
  context: ServeContext,
  message?: unknown,
): Awaitable<Denial | undefined> {
  const { session } = attachment;
  if (request.method === 'DELETE')
    return session ? endByClient(request, response, attachment, session, context) : REQUIRED;
  if (request.method === 'GET')
    return session ? pass(request, response, state, attachment, context) : REQUIRED;
  if (isInitialize(message)) return start(request, response, state, attachment, context, message);
  return session ? pass(request, response, state, attachment, context, message) : REQUIRED;
}

const REQUIRED: Denial = { code: 'session_required' };
const NOT_FOUND: Denial = { code: 'session_not_found' };

async function pass(
  request: Request,
  response: Response,
  state: RequestState,
  { registry, session }: SessionAttachment,
  context: ServeContext,
  body?: unknown,
): Promise<Denial | undefined> {
  const found = session && transportOf(request, state, session, registry, context);
  const transport = isPending(found) ? await found : found;
  if (!transport || session?.ending) return NOT_FOUND;
  const web = await transport.handle(request, response, body);
  if (web) await writeWebResponse(web, response);
  return undefined;
}

async function endByClient(
  request: Request,
  response: Response,
  { registry, exchange }: SessionAttachment,
  session: LiveSession,
  context: ServeContext,
): Promise<Denial | undefined> {
  const transport = context.transports.get(session);
  if (session.ending || !(transport || canRebuild(request, session, context))) return NOT_FOUND;
  // This very request outlives the session that it ends.
  registry.closed(exchange, session);
  session.isDeleting = true;
  // What another process serves need not be built here to be ended.
  const web = transport ? await transport.handle(request, response) : new globalThis.Response();
  if (web?.ok) await registry.end(session, 'deleted');
  else session.isDeleting = false;
  // It is over here, but another node could still build it again: its client has to ask once more.
  if (web?.ok && registry.isLeftBehind(session)) return { code: 'unavailable' };
  if (web) await writeWebResponse(web, response);
  return undefined;
}

/** Slot, login, server, transport, in this order; whatever fails undoes what came before it. */
async function start(
  request: Request,
  response: Response,
  state: RequestState,
  { registry, exchange }: SessionAttachment,
  context: ServeContext,
  message: unknown,
): Promise<Denial | undefined> {
  const session = await prepareSession(request, state, { registry, exchange }, context, message);
  try {
    const transport = await connectSession(session, registry, state, context);
    session.canMove = context.failover;
    context.transports.set(session, transport);
    const web = await untilAborted(transport.handle(request, response, message), session.end);
    assertAlive(session);
    if (web?.ok && !isGone(response)) {
      registry.open(exchange, session);
      onOver(response, () => registry.closed(exchange, session));
      session.isStarting = false;
      context.publish({ type: 'session.started', principal: session.owner, session: session.id });
    } else {
      // The SDK refused the message, or nobody is left to hear the session's id.
      await registry.end(session, 'failed');
    }
    if (web) await writeWebResponse(web, response);
    return undefined;
  } catch (error) {
    await registry.end(session, 'failed');
    throw error;
  }
}
