import type { Request, Response } from 'express';

import type { RequestState } from '../request-state.js';
import type { SessionAttachment } from '../sessions/attachment.js';
import type { LiveSession } from '../sessions/live-session.js';
import { runAs } from '../sessions/principal-context.js';
import type { Drain } from './drain.js';
import { makeSessionServer, prepareSession } from './prepare-session.js';
import type { ServeBase } from './serve-context.js';
import { SseTransport } from './sse-transport.js';

export interface SseContext extends ServeBase {
  readonly drain: Drain;
  readonly messagesPath: string;
  readonly keepAliveMs: number;
  /** Of the sessions that this handler began: no other handler serves them. */
  readonly transports: WeakMap<LiveSession, SseTransport>;
}

/** Begins a session whose stream is `response`: slot, login, server, stream. It ends when the stream does. */
export async function openSse(
  request: Request,
  response: Response,
  state: RequestState,
  { registry, exchange }: SessionAttachment,
  context: SseContext,
): Promise<void> {
  const { messagesPath, keepAliveMs, drain, transports } = context;
  const session = await prepareSession(request, state, { registry, exchange }, context, null);
  const endByClient = (): void => void registry.end(session, 'deleted');
  try {
    const server = await makeSessionServer(session, context, state.forwarded);
    session.closeServer = () => server.close();
    // It may have ended while its server was made: then nobody else closes that.
    if (session.ending) await server.close();
    registry.assertAlive(session);
    const onCalls = callsOf(session, drain, () => registry.touch(session));
    const endpoint = `${messagesPath}?sessionId=${session.id}`;
    const transport = new SseTransport(response, endpoint, keepAliveMs, onCalls);
    transport.onclose = endByClient;
    // Complete before the client learns where to POST.
    transports.set(session, transport);
    registry.open(exchange, session);
    response.once('close', endByClient);
    session.isStarting = false;
    context.publish({ type: 'session.started', principal: session.owner, session: session.id });
    if (response.destroyed) endByClient();
    else await runAs(session.principal, () => server.connect(transport), state.forwarded);
  } catch (error) {
    await registry.end(session, 'failed');
    throw error;
  }
}

/** Keeps a session busy, and a closing handler waiting, while it has calls without an answer. */
function callsOf(session: LiveSession, drain: Drain, onIdle: () => void): (running: number) => void {
  let finish: (() => void) | undefined;
  session.signal.addEventListener('abort', () => finish?.(), { once: true });
  return (running) => {
    session.calls = running;
    if (running > 0) finish ??= drain.begin();
    else {
      finish?.();
      finish = undefined;
      onIdle();
    }
  };
}
