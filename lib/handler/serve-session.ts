import type { Request, Response } from 'express';

import type { Denial } from '../http/denial.js';
import type { RequestState } from '../request-state.js';
import type { SessionAttachment } from '../sessions/attachment.js';
import { isInitialize } from '../sessions/first-message.js';
import type { LiveSession } from '../sessions/live-session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { untilAborted } from '../within-time.js';
import { makeSessionServer, prepareSession } from './prepare-session.js';
import { openTransport, type ServeContext } from './serve-context.js';
import type { SessionTransport } from './session-transport.js';
import { writeWebResponse } from './web-response.js';

/** Serves one request of a session, or the `initialize` that begins one; `message` is the body of a POST. */
export async function serveSession(
  request: Request,
  response: Response,
  state: RequestState,
  attachment: SessionAttachment,
  context: ServeContext,
  message?: unknown,
): Promise<Denial | undefined> {
  const { session } = attachment;
  if (request.method === 'DELETE')
    return session ? endByClient(request, response, attachment, session, context) : REQUIRED;
  if (request.method === 'GET') return session ? pass(request, response, session, context) : REQUIRED;
  if (isInitialize(message)) return start(request, response, state, attachment, context, message);
  return session ? pass(request, response, session, context, message) : REQUIRED;
}

const REQUIRED: Denial = { code: 'session_required' };
const NOT_FOUND: Denial = { code: 'session_not_found' };

async function pass(
  request: Request,
  response: Response,
  session: LiveSession,
  { transports }: ServeContext,
  body?: unknown,
): Promise<Denial | undefined> {
  const transport = transports.get(session);
  if (!transport || session.ending) return NOT_FOUND;
  const web = await transport.handle(request, response, body);
  if (web) await writeWebResponse(web, response);
  return undefined;
}

async function endByClient(
  request: Request,
  response: Response,
  { registry, exchange }: SessionAttachment,
  session: LiveSession,
  { transports }: ServeContext,
): Promise<Denial | undefined> {
  const transport = transports.get(session);
  if (!transport || session.ending) return NOT_FOUND;
  // This very request outlives the session that it ends.
  registry.closed(exchange, session);
  session.isDeleting = true;
  const web = await transport.handle(request, response);
  if (web?.ok) await registry.end(session, 'deleted');
  else session.isDeleting = false;
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
    const transport = await connect(session, registry, state, context);
    const web = await untilAborted(transport.handle(request, response, message), session.signal);
    registry.assertAlive(session);
    if (web?.ok && !response.destroyed) {
      registry.open(exchange, session);
      response.once('close', () => registry.closed(exchange, session));
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

async function connect(
  session: LiveSession,
  registry: SessionRegistry,
  { forwarded }: RequestState,
  context: ServeContext,
): Promise<SessionTransport> {
  const server = await makeSessionServer(session, context, forwarded);
  const transport = await openTransport(server, session.id, context, {
    onCalls: (running) => {
      session.calls = running;
      if (running === 0) registry.touch(session);
    },
    onClose: () => void registry.end(session, session.isDeleting ? 'deleted' : 'failed'),
  });
  if (session.ending) await transport.close();
  registry.assertAlive(session);
  session.closeServer = () => transport.close();
  context.transports.set(session, transport);
  return transport;
}
