import type { Request, Response } from 'express';

import { setPrincipal } from '../authentication/define-auth-guard.js';
import { isGuardError, McpGuardError } from '../errors.js';
import type { Denial } from '../http/denial.js';
import { principalKey } from '../principal.js';
import { readBody } from '../request-body.js';
import type { RequestState } from '../request-state.js';
import type { SessionAttachment } from '../sessions/attachment.js';
import { isInitialize } from '../sessions/first-message.js';
import type { LiveSession } from '../sessions/live-session.js';
import { runAs } from '../sessions/principal-context.js';
import { sessionCredentials } from '../sessions/session-credentials.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { Principal } from '../types.js';
import { untilAborted } from '../within-time.js';
import { openTransport, type ServeContext } from './serve-once.js';
import type { SessionTransport } from './session-transport.js';
import { logIn } from './start-session.js';
import { writeWebResponse } from './web-response.js';

/** Serves one request of a session, or the `initialize` that begins one. */
export async function serveSession(
  request: Request,
  response: Response,
  state: RequestState,
  attachment: SessionAttachment,
  context: ServeContext,
): Promise<Denial | undefined> {
  const { session } = attachment;
  if (request.method === 'DELETE')
    return session ? endByClient(request, response, attachment, session, context) : REQUIRED;
  if (request.method === 'GET') return session ? pass(request, response, session, context) : REQUIRED;
  const body = await readBody(request, context.maxBodyBytes);
  if (body.kind === 'refused') return { code: body.code };
  // Its time was up, or it was revoked, while the body came in.
  if (response.headersSent) return undefined;
  if (isInitialize(body.value)) return start(request, response, state, attachment, context, body.value);
  return session ? pass(request, response, session, context, body.value) : REQUIRED;
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
  // As proven: a session of the caller's own that the request names has lent it what its login added.
  const { principal } = exchange;
  const session = await takeSlot(registry, principal, message, context);
  session.addProof(state.proof?.key);
  session.onEndError = (error) => context.tellError('endSession failed', error);
  try {
    await runAs(principal, () => logIn(session, registry, request, state, context), state.forwarded);
    setPrincipal(request, state, session.principalFor(principal));
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

async function takeSlot(
  registry: SessionRegistry,
  principal: Principal,
  message: unknown,
  { publish, endings, closed }: ServeContext,
): Promise<LiveSession> {
  try {
    const session = await registry.create(principal, message);
    session.isStarting = true;
    if (closed.aborted) {
      await registry.end(session, 'shutdown');
      throw new McpGuardError('closing');
    }
    const end = (): Promise<void> => registry.end(session, 'shutdown');
    endings.add(end);
    const forget = async (): Promise<void> => {
      await session.ending;
      endings.delete(end);
    };
    session.signal.addEventListener('abort', () => void forget(), { once: true });
    return session;
  } catch (error) {
    const isRefusal = isGuardError(error) && error.code !== 'unavailable';
    const reason = isRefusal ? error.code : 'store_error';
    publish({ type: 'session.refused', reason, principal: principalKey(principal) });
    throw error;
  }
}

async function connect(
  session: LiveSession,
  registry: SessionRegistry,
  { forwarded }: RequestState,
  context: ServeContext,
): Promise<SessionTransport> {
  const { id, principal, signal } = session;
  const credentials = sessionCredentials(forwarded, signal);
  const server = await runAs(
    principal,
    () => context.makeServer({ principal, sessionId: id, credentials, signal }),
    forwarded,
  );
  const transport = await openTransport(server, id, context, {
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
