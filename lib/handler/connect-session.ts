import type { RequestState } from '../request-state.js';
import { assertAlive, type LiveSession } from '../sessions/live-session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { isPending } from '../within-time.js';
import { makeSessionServer } from './prepare-session.js';
import { openTransport, type ServeContext } from './serve-context.js';
import type { SessionTransport } from './session-transport.js';

/** The server of a session on a transport of its own; both close with the session, which ends where they are closed. */
export async function connectSession(
  session: LiveSession,
  registry: SessionRegistry,
  { forwarded }: RequestState,
  context: ServeContext,
): Promise<SessionTransport> {
  const making = makeSessionServer(session, context, forwarded);
  const server = isPending(making) ? await making : making;
  const transport = await openTransport(server, session.id, context, {
    onCalls: (running) => {
      session.calls = running;
      if (running === 0) registry.touch(session);
    },
    onClose: () => {
      // That it cannot be built again here does not end it for other nodes.
      const isRebuilding = session.isStarting && session.origin !== undefined;
      if (isRebuilding) void registry.release(session);
      else void registry.end(session, session.isDeleting ? 'deleted' : 'failed');
    },
  });
  if (session.ending) await transport.close();
  assertAlive(session);
  session.closeServer = () => transport.close();
  return transport;
}
