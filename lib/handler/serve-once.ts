import type { Request, Response } from 'express';

import { writeDenial } from '../guard.js';
import type { Denial } from '../http/denial.js';
import type { RequestState } from '../request-state.js';
import { isGone, onOver } from '../response-end.js';
import type { SessionAttachment } from '../sessions/attachment.js';
import { EndSignal } from '../sessions/end-signal.js';
import { runAs } from '../sessions/principal-context.js';
import { sessionCredentials } from '../sessions/session-credentials.js';
import { serverOrder } from './create-server.js';
import { openTransport, type ServeContext } from './serve-context.js';
import type { SessionTransport } from './session-transport.js';
import { writeWebResponse } from './web-response.js';

const CLOSING: Denial = { code: 'closing' };

/** Serves one request from a server of its own: there are no sessions, and no id is minted. */
export async function serveOnce(
  request: Request,
  response: Response,
  state: RequestState,
  { exchange }: SessionAttachment,
  context: ServeContext,
  message: unknown,
): Promise<Denial | undefined> {
  const { principal } = exchange;
  const { forwarded } = state;
  const ending = new EndSignal();
  let transport: SessionTransport | undefined;
  const end = async (): Promise<void> => {
    context.endings.delete(end);
    ending.abort();
    const opened = transport;
    transport = undefined;
    await opened?.close().catch(() => {});
    writeDenial(response, CLOSING, state);
  };
  context.endings.add(end);
  // Also where no server comes of it: a denial closes the response, too.
  onOver(response, () => void end());
  exchange.onEnd = () => ending.abort();
  const credentials = sessionCredentials(forwarded, ending);
  const server = await runAs(
    principal,
    () => context.makeServer(serverOrder(principal, undefined, credentials, ending)),
    forwarded,
  );
  const events = { onCalls: () => {}, onClose: () => {} };
  const opened = await openTransport(server, undefined, context, events);
  transport = opened;
  if (ending.aborted || context.closed.aborted || isGone(response)) {
    await end();
    return undefined;
  }
  const web = await opened.handle(request, response, message);
  if (web) await writeWebResponse(web, response);
  return undefined;
}
