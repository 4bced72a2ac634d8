import type { Request, Response } from 'express';

import type { Denial } from '../http/denial.js';
import { isRecord } from '../options.js';
import { readBody } from '../request-body.js';
import type { RequestState } from '../request-state.js';
import { runAs } from '../sessions/principal-context.js';
import type { AuthInfo } from '../types.js';
import { requestIds } from './calls.js';
import type { SseTransport } from './sse-transport.js';
import { toolRequest, toWebRequest } from './web-request.js';

/** Whether it is one JSON-RPC 2.0 message; HTTP+SSE knows no batches. */
function isMessage(body: unknown): body is Record<string, unknown> {
  return (
    isRecord(body) &&
    body.jsonrpc === '2.0' &&
    (typeof body.method === 'string' || 'result' in body || 'error' in body)
  );
}

/** Takes in the message of one POST, as the principal of that request: what comes of it goes out on the stream. */
export async function receiveMessage(
  request: Request,
  response: Response,
  state: RequestState,
  transport: SseTransport,
  maxBodyBytes: number,
): Promise<Denial | undefined> {
  const body = await readBody(request, maxBodyBytes);
  if (body.kind === 'refused') return { code: body.code };
  if (!isMessage(body.value)) return { code: 'invalid_body' };
  const message = body.value;
  const { principal, forwarded } = state;
  // Its session ended, or its principal's time was up, while the body came in.
  /* c8 ignore next -- the body of an answer that has ended is not read to its end */
  if (!principal || response.headersSent) return undefined;
  if (transport.isFull && requestIds(message).length > 0) return { code: 'unavailable' };
  const visible = toWebRequest(request, state.hiddenHeaders);
  const extra = {
    authInfo: (request as { auth?: AuthInfo }).auth,
    requestInfo: { headers: Object.fromEntries(visible.headers) },
    request: toolRequest(visible),
  };
  runAs(principal, () => transport.receive(message, extra), forwarded);
  response.status(202).set('Cache-Control', 'no-store').end('Accepted');
  return undefined;
}
