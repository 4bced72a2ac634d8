import type { Request, Response } from 'express';

import { setPrincipal } from './authentication/set-principal.js';
import { endAnswer } from './guard.js';
import type { RequestState } from './request-state.js';
import { isGone, onOver } from './response-end.js';
import type { SessionAttachment } from './sessions/attachment.js';
import { Exchange } from './sessions/exchange.js';
import type { LiveSession } from './sessions/live-session.js';
import type { SessionRegistry } from './sessions/session-registry.js';

/**
 * Puts a request of a proven caller, and the caller's own `session` where it names one, under the watch of `registry`
 * until it is answered. `undefined` where nobody waits for the answer any more.
 */
export function openExchange(
  registry: SessionRegistry,
  request: Request,
  response: Response,
  state: RequestState,
  session?: LiveSession,
): SessionAttachment | undefined {
  const { principal, proof } = state;
  // A response that has closed tells nobody any more that it did.
  if (!principal || isGone(response)) return undefined;
  if (session) {
    const caller = session.principalFor(principal);
    if (caller !== principal) setPrincipal(request, state, caller);
    session.addProof(proof?.key);
  }
  const nextRecheckAt = Date.now() + registry.options.recheckSeconds * 1000;
  const exchange = new Exchange(principal, proof?.keeper, nextRecheckAt, (code) =>
    endAnswer(response, { code }, state),
  );
  registry.open(exchange, session);
  onOver(response, () => {
    exchange.isOver = true;
    registry.closed(exchange, session);
  });
  return { registry, exchange, session };
}
