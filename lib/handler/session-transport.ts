import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';

import { McpGuardError } from '../errors.js';
import { requestState } from '../request-state.js';
import { isGone, onOver } from '../response-end.js';
import { runAs } from '../sessions/principal-context.js';
import type { AuthInfo } from '../types.js';
import { type Calls, cancelledIds, requestIds } from './calls.js';
import {
  type ConnectedTransport,
  connectTransport,
  type TransportEvents,
  type TransportOptions,
} from './connect-transport.js';
import type { ScopedEventStore } from './scoped-event-store.js';
import type { ConnectableServer, SdkTransport } from './sdk.js';
import { replayRequest, toWebRequest } from './web-request.js';

const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };
const CANCELLED = { code: -32800, message: 'Request cancelled' };

/** One MCP server on the SDK's transport, fed with Express requests. */
export class SessionTransport {
  readonly #transport: SdkTransport;
  readonly #server: ConnectableServer;
  readonly #calls: Calls;
  readonly #events: ScopedEventStore | undefined;
  /** In JSON mode the SDK never settles a request whose transport is closed, or whose call was cancelled. */
  readonly #mayNeverSettle: boolean;

  private constructor(
    { transport, calls, events }: ConnectedTransport,
    server: ConnectableServer,
    mayNeverSettle: boolean,
  ) {
    this.#events = events;
    this.#server = server;
    this.#transport = transport;
    this.#calls = calls;
    this.#mayNeverSettle = mayNeverSettle;
  }

  /** Connects `server`. `sessionId` is minted by the caller; without one the transport serves a single request. */
  static async open(
    server: ConnectableServer,
    sessionId: string | undefined,
    options: TransportOptions,
    events: TransportEvents,
  ): Promise<SessionTransport> {
    const connected = await connectTransport(server, sessionId, options, events);
    return new SessionTransport(connected, server, options.enableJsonResponse);
  }

  /**
   * Hands one request over, as the principal of the request. Resolves to what the SDK answers, or to `undefined` where
   * the client had its answer, or was gone, before. Rejects with a `McpGuardError` (503) where the event store failed.
   */
  async handle(
    request: ExpressRequest,
    response: ExpressResponse,
    body?: unknown,
  ): Promise<Response | undefined> {
    const failuresBefore = this.#events?.failures;
    const begun = this.#calls.begin(requestIds(body), { abandon: () => abandon(response) });
    const { hiddenHeaders } = requestState(request);
    const handling = this.#say(request, toWebRequest(request, hiddenHeaders), body);
    const web = await (this.#mayNeverSettle ? untilOver(handling, response) : handling);
    if (!web) return undefined;
    if (!web.ok) for (const id of begun) this.#calls.finish(id);
    if (!web.ok && this.#events?.failures !== failuresBefore) throw new McpGuardError('unavailable');
    if (web.ok) for (const id of cancelledIds(body)) this.#cancel(id);
    return web;
  }

  /**
   * Says the handshake of a session once more that another process began, as the principal of the request. Resolves to
   * whether the server takes it.
   */
  async replay(request: ExpressRequest, sessionId: string, initialize: unknown): Promise<boolean> {
    const events = this.#events;
    if (events) events.isQuiet = true;
    try {
      const said = replayRequest(request, sessionId);
      const answer = await this.#say(request, said, initialize);
      if (!answer.ok || !hasResult(await answer.text())) return false;
      return (await this.#say(request, said, INITIALIZED)).ok;
    } finally {
      if (events) events.isQuiet = false;
    }
  }

  #say(request: ExpressRequest, said: Request, parsedBody: unknown): Promise<Response> {
    const { principal, forwarded } = requestState(request);
    /* c8 ignore next -- the last gate lets nobody through without one */
    if (!principal) throw new TypeError('SessionTransport: no principal');
    const authInfo = (request as unknown as { auth?: AuthInfo }).auth;
    return runAs(principal, () => this.#transport.handleRequest(said, { parsedBody, authInfo }), forwarded);
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  /** A cancelled call is never answered by the SDK: its HTTP answer ends here, and what the SDK keeps for it is freed. */
  #cancel(id: string | number): void {
    if (!this.#calls.cancel(id)) return;
    this.#transport.send({ jsonrpc: '2.0', id, error: CANCELLED }).catch(() => {});
  }
}

/** What `work` answers, or `undefined` as soon as nobody waits for it any more. */
function untilOver<T>(work: Promise<T>, response: ExpressResponse): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (isGone(response)) resolve(undefined);
    else onOver(response, () => resolve(undefined));
    work.then(resolve, reject);
  });
}

/** Ends an answer that has no message to give: what has begun just ends, else it is an accepted request. */
function abandon(response: ExpressResponse): void {
  if (response.destroyed || response.writableEnded) return;
  if (!response.headersSent) response.statusCode = 202;
  response.end();
}

/** Whether an answer, JSON or a stream of events, holds the result of a call. */
function hasResult(text: string): boolean {
  const events = text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
  return (events.length > 0 ? events : [text]).some((data) => data !== '' && 'result' in JSON.parse(data));
}
