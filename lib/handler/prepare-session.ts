import type { Request } from 'express';

import { setPrincipal } from '../authentication/set-principal.js';
import { isGuardError, McpGuardError } from '../errors.js';
import { principalKey } from '../principal.js';
import type { RequestState } from '../request-state.js';
import type { SessionAttachment } from '../sessions/attachment.js';
import { keeperName } from '../sessions/keepers.js';
import type { LiveSession } from '../sessions/live-session.js';
import { type Beginning, mountOf } from '../sessions/origin.js';
import { runAs } from '../sessions/principal-context.js';
import { sessionCredentials } from '../sessions/session-credentials.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { Awaitable, ForwardedCredentials, Principal } from '../types.js';
import { serverOrder } from './create-server.js';
import type { ConnectableServer } from './sdk.js';
import type { ServeBase } from './serve-context.js';
import { logIn } from './start-session.js';

/** What a login takes beyond `startSession`, and clocks that differ. */
const LOGIN_MARGIN_MS = 10_000;

/** A slot, and the full login, for a session of the caller; what fails undoes what came before it. */
export async function prepareSession(
  request: Request,
  state: RequestState,
  { registry, exchange }: Pick<SessionAttachment, 'registry' | 'exchange'>,
  context: ServeBase,
  message: unknown,
): Promise<LiveSession> {
  // As proven: a session of the caller's own that the request names has lent it what its login added.
  const { principal } = exchange;
  const by = state.proof?.keeper && keeperName(state.keepers, state.proof.keeper);
  const session = await takeSlot(registry, principal, message, context, {
    by,
    at: mountOf(request),
    loginUntil: state.proof?.hooks?.startSession && Date.now() + context.createTimeoutMs + LOGIN_MARGIN_MS,
  });
  session.addProof(state.proof?.key);
  session.onEndError = context.tellEndError;
  try {
    const loggingIn = runAs(
      principal,
      () => logIn(session, registry, request, state, context),
      state.forwarded,
    );
    if (loggingIn) await loggingIn;
  } catch (error) {
    await registry.end(session, 'failed');
    throw error;
  }
  const merged = session.principalFor(principal);
  if (merged !== state.principal) setPrincipal(request, state, merged);
  return session;
}

/** The server of a session that has been prepared, not connected yet. */
export function makeSessionServer(
  { id, principal, end }: LiveSession,
  context: ServeBase,
  forwarded: ForwardedCredentials | undefined,
): Awaitable<ConnectableServer> {
  const order = serverOrder(principal, id, sessionCredentials(forwarded, end), end);
  return runAs(principal, () => context.makeServer(order), forwarded);
}

/** Takes a slot that the handler's closing frees. Rejects with a `McpGuardError` where there is none. */
export async function takeSlot(
  registry: SessionRegistry,
  principal: Principal,
  message: unknown,
  context: ServeBase,
  beginning?: Beginning,
): Promise<LiveSession> {
  const { publish, closed } = context;
  try {
    const session = await registry.create(principal, message, beginning);
    if (closed.aborted) {
      await registry.end(session, 'shutdown');
      throw new McpGuardError('closing');
    }
    endOnClosing(session, registry, context);
    return session;
  } catch (error) {
    const isRefusal = isGuardError(error) && error.code !== 'unavailable';
    const reason = isRefusal ? error.code : 'store_error';
    publish({ type: 'session.refused', reason, principal: principalKey(principal) });
    throw error;
  }
}

/** Ends a session, or lets go of it, when the handler closes. */
export function endOnClosing(session: LiveSession, registry: SessionRegistry, { endings }: ServeBase): void {
  const end = (): Promise<void> => registry.end(session, 'shutdown');
  endings.add(end);
  const forget = async (): Promise<void> => {
    await session.ending;
    endings.delete(end);
  };
  session.end.onAbort(() => void forget());
}
