import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';

import { McpGuardError } from '../errors.js';
import { requestState } from '../request-state.js';
import { isGone, onOver } from '../response-end.js';
import { runAs } from '../sessions/principal-context.js';
import type { AuthInfo, Awaitable } from '../types.js';
import { isPending } from '../within-time.js';
import { answeredStream } from './answered-streams.js';
import { answeredId, Calls, cancelledIds, requestIds } from './calls.js';
import { ScopedEventStore } from './scoped-event-store.js';
import type { ConnectableServer, EventStore, SdkTransport, SdkTransportClass } from './sdk.js';
import { replayRequest, toolRequest, toWebRequest } from './web-request.js';

export interface TransportOptions {
  /** The transport of the SDK's generation that servers are of; loaded when the handler is made. */
  readonly transportClass: () => Awaitable<SdkTransportClass>;
  readonly enableJsonResponse: boolean;
  readonly eventStore: EventStore | undefined;
  readonly keepAliveMs: number | undefined;
}

export interface TransportEvents {
  /** The number of calls without an answer has changed. */
  onCalls(running: number): void;
  /** The transport is closed, by whomever. */
  onClose(): void;
  /** The SDK reports an error: its own, or a mistake of the client. */
  onError(error: unknown): void;
  /** The event store failed, or the SDK did. */
  onFailure(error: unknown): void;
}

const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };
const CANCELLED = { code: -32800, message: 'Request cancelled' };

/** One MCP server on the SDK's transport, fed with Express requests. The only place that knows the SDK's transport. */
export class SessionTransport {
  readonly #transport: SdkTransport;
  readonly #server: ConnectableServer;
  readonly #calls: Calls;
  readonly #events: ScopedEventStore | undefined;
  /** In JSON mode the SDK never settles a request whose transport is closed, or whose call was cancelled. */
  readonly #mayNeverSettle: boolean;

  private constructor(
    server: ConnectableServer,
    transport: SdkTransport,
    calls: Calls,
    events: ScopedEventStore | undefined,
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
    { transportClass, enableJsonResponse, eventStore, keepAliveMs }: TransportOptions,
    { onCalls, onClose, onError, onFailure }: TransportEvents,
  ): Promise<SessionTransport> {
    const events =
      sessionId !== undefined && eventStore
        ? new ScopedEventStore(eventStore, sessionId, onFailure)
        : undefined;
    const loading = transportClass();
    const Transport = isPending(loading) ? await loading : loading;
    const transport = new Transport({
      enableJsonResponse,
      ...(sessionId !== undefined && { sessionIdGenerator: () => sessionId }),
      ...(events && { eventStore: events }),
      ...(keepAliveMs !== undefined && { keepAliveMs }),
    });
    const calls = new Calls(onCalls);
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      const id = answeredId(message);
      const free = enableJsonResponse && id !== undefined ? answeredStream(transport, id) : undefined;
      const sent = (): void => {
        free?.();
        if (id !== undefined) calls.finish(id);
      };
      const failed = (error: unknown): void => {
        // No answer will come any more: whoever waits for it must not wait for ever.
        if (id !== undefined) calls.cancel(id);
        // Nobody waits for a notification, and the SDK would not catch the rejection.
        if (id !== undefined || requestIds(message).length > 0) throw error;
      };
      return send(message, options).then(sent, failed);
    };
    transport.onclose = onClose;
    transport.onerror = onError;
    await server.connect(transport);
    const deliver = transport.onmessage;
    transport.onmessage = (message, extra) =>
      deliver?.(message, extra?.request ? { ...extra, request: toolRequest(extra.request) } : extra);
    return new SessionTransport(server, transport, calls, events, enableJsonResponse);
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
