import type { Request, Response } from 'express';

import { writeDenial } from '../guard.js';
import type { Denial } from '../http/denial.js';
import type { RequestState } from '../request-state.js';
import { runAs } from '../sessions/principal-context.js';
import { sessionCredentials } from '../sessions/session-credentials.js';
import { openTransport, type ServeContext } from './serve-context.js';
import type { SessionTransport } from './session-transport.js';
import { writeWebResponse } from './web-response.js';

const CLOSING: Denial = { code: 'closing' };

/** Serves one request from a server of its own: there are no sessions, and no id is minted. */
export async function serveOnce(
  request: Request,
  response: Response,
  state: RequestState,
  context: ServeContext,
  message: unknown,
): Promise<Denial | undefined> {
  const { principal, forwarded } = state;
  if (!principal) return { code: 'missing_credentials' };
  const controller = new AbortController();
  const { signal } = controller;
  let transport: SessionTransport | undefined;
  const end = async (): Promise<void> => {
    context.endings.delete(end);
    controller.abort();
    const opened = transport;
    transport = undefined;
    await opened?.close().catch(() => {});
    writeDenial(response, CLOSING, state);
  };
  context.endings.add(end);
  // Also where no server comes of it: a denial closes the response, too.
  response.once('close', () => void end());
  const credentials = sessionCredentials(forwarded, signal);
  const server = await runAs(
    principal,
    () => context.makeServer({ principal, sessionId: undefined, credentials, signal }),
    forwarded,
  );
  const events = { onCalls: () => {}, onClose: () => {} };
  const opened = await openTransport(server, undefined, context, events);
  transport = opened;
  if (signal.aborted || context.closed.aborted || response.destroyed) {
    await end();
    return undefined;
  }
  const web = await opened.handle(request, response, message);
  if (web) await writeWebResponse(web, response);
  return undefined;
}
