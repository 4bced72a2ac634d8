import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Request, Response } from 'express';

import { McpGuardError } from '../errors.js';
import type { Publish } from '../events.js';
import { writeDenial } from '../guard.js';
import type { Denial } from '../http/denial.js';
import { readBody } from '../request-body.js';
import type { RequestState } from '../request-state.js';
import type { LiveSession } from '../sessions/live-session.js';
import { runAs } from '../sessions/principal-context.js';
import { sessionCredentials } from '../sessions/session-credentials.js';
import type { CreateServerContext, Report, TellError } from './create-server.js';
import { SessionTransport, type TransportEvents, type TransportOptions } from './session-transport.js';
import { writeWebResponse } from './web-response.js';

/** What a handler has made at its creation, for every request. */
export interface ServeContext {
  readonly makeServer: (context: CreateServerContext) => Promise<McpServer | Server>;
  readonly transport: TransportOptions;
  readonly maxBodyBytes: number;
  readonly createTimeoutMs: number;
  readonly report: Report;
  readonly tellError: TellError;
  /** Hears of every error of the transport, mistakes of clients among them. */
  readonly onClientError: ((error: unknown) => void) | undefined;
  readonly publish: Publish;
  /** Of the sessions that this handler began: no other handler serves them. */
  readonly transports: WeakMap<LiveSession, SessionTransport>;
  /** How to end what is being served, for closing. */
  readonly endings: Set<() => Promise<void>>;
  /** Aborted when a handler that closes has given its grace. */
  readonly closed: AbortSignal;
}

const CLOSING: Denial = { code: 'closing' };

/** Connects a fresh server. Rejects with a `McpGuardError` (503) where the server cannot be connected. */
export async function openTransport(
  server: McpServer | Server,
  sessionId: string | undefined,
  { transport, report, onClientError }: ServeContext,
  events: Pick<TransportEvents, 'onCalls' | 'onClose'>,
): Promise<SessionTransport> {
  try {
    return await SessionTransport.open(server, sessionId, transport, {
      ...events,
      onError: (error) => onClientError?.(error),
      onFailure: (error) => report('transport', 'the transport failed', error),
    });
  } catch (error) {
    report('transport', 'the server could not be connected', error);
    await server.close().catch(() => {});
    throw new McpGuardError('unavailable', { cause: error });
  }
}

/** Serves one request from a server of its own: there are no sessions, and no id is minted. */
export async function serveOnce(
  request: Request,
  response: Response,
  state: RequestState,
  context: ServeContext,
): Promise<Denial | undefined> {
  const { principal, forwarded } = state;
  if (!principal) return { code: 'missing_credentials' };
  const body = await readBody(request, context.maxBodyBytes);
  if (body.kind === 'refused') return { code: body.code };
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
  const web = await opened.handle(request, response, body.value);
  if (web) await writeWebResponse(web, response);
  return undefined;
}
