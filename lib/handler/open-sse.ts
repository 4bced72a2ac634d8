import type { Request, Response } from 'express';

import { isGuardError, McpGuardError } from '../errors.js';
import type { RequestState } from '../request-state.js';
import { isGone, onOver } from '../response-end.js';
import type { SessionAttachment } from '../sessions/attachment.js';
import { assertAlive, type LiveSession } from '../sessions/live-session.js';
import { runAs } from '../sessions/principal-context.js';
import type { Drain } from './drain.js';
import { makeSessionServer, prepareSession } from './prepare-session.js';
import type { ConnectableServer } from './sdk.js';
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
  const endByStream = (): void => void registry.end(session, exchange.endReason);
  try {
    const server = await makeSessionServer(session, context, state.forwarded);
    session.closeServer = () => server.close();
    // It may have ended while its server was made: then nobody else closes that.
    if (session.ending) await server.close();
    assertAlive(session);
    const onCalls = callsOf(session, drain, () => registry.touch(session));
    const endpoint = `${messagesPath}?sessionId=${session.id}`;
    const transport = new SseTransport(response, endpoint, keepAliveMs, onCalls);
    transport.onclose = endByStream;
    // Complete before the client learns where to POST.
    transports.set(session, transport);
    onOver(response, endByStream);
    await runAs(session.principal, () => connect(server, transport, context), state.forwarded);
    /* c8 ignore next -- a stream does not begin on an answer that is over, whatever server connects to it */
    if (session.ending || isGone(response)) await server.close();
    assertAlive(session);
    registry.open(exchange, session);
    session.isStarting = false;
    context.publish({ type: 'session.started', principal: session.owner, session: session.id });
  } catch (error) {
    await registry.end(session, 'failed');
    throw error;
  }
}

/** Rejects with a `McpGuardError` (503) where the server cannot be connected. */
async function connect(
  server: ConnectableServer,
  transport: SseTransport,
  { report }: ServeBase,
): Promise<void> {
  try {
    await server.connect(transport);
  } catch (error) {
    await server.close().catch(() => {});
    if (isGuardError(error)) throw error;
    report('transport', 'the server could not be connected', error);
    throw new McpGuardError('unavailable', { cause: error });
  }
}

/** Keeps a session busy, and a closing handler waiting, while it has calls without an answer. */
function callsOf(session: LiveSession, drain: Drain, onIdle: () => void): (running: number) => void {
  let finish: (() => void) | undefined;
  session.end.onAbort(() => finish?.());
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
