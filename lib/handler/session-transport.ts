import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';

import { McpGuardError } from '../errors.js';
import { requestState } from '../request-state.js';
import { runAs } from '../sessions/principal-context.js';
import type { AuthInfo, Awaitable } from '../types.js';
import { answeredId, Calls, cancelledIds, requestIds } from './calls.js';
import { ScopedEventStore } from './scoped-event-store.js';
import type { ConnectableServer, EventStore, SdkTransport, SdkTransportClass } from './sdk.js';
import { toolRequest, toWebRequest } from './web-request.js';

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
    const Transport = await transportClass();
    const transport = new Transport({
      enableJsonResponse,
      ...(sessionId !== undefined && { sessionIdGenerator: () => sessionId }),
      ...(events && { eventStore: events }),
      ...(keepAliveMs !== undefined && { keepAliveMs }),
    });
    const calls = new Calls(onCalls);
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      const id = answeredId(message);
      try {
        await send(message, options);
      } catch (error) {
        // No answer will come any more: whoever waits for it must not wait for ever.
        if (id !== undefined) calls.cancel(id);
        throw error;
      }
      if (id !== undefined) calls.finish(id);
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
    const state = requestState(request);
    const { principal, forwarded } = state;
    if (!principal) throw new TypeError('SessionTransport: no principal');
    const failuresBefore = this.#events?.failures;
    const begun = this.#calls.begin(requestIds(body), { abandon: () => abandon(response) });
    const authInfo = (request as unknown as { auth?: AuthInfo }).auth;
    const handling = runAs(
      principal,
      () =>
        this.#transport.handleRequest(toWebRequest(request, state.hiddenHeaders), {
          parsedBody: body,
          authInfo,
        }),
      forwarded,
    );
    const web = await (this.#mayNeverSettle ? Promise.race([handling, closeOf(response)]) : handling);
    if (!web) return undefined;
    if (!web.ok) for (const id of begun) this.#calls.finish(id);
    if (!web.ok && this.#events?.failures !== failuresBefore) throw new McpGuardError('unavailable');
    if (web.ok) for (const id of cancelledIds(body)) this.#cancel(id);
    return web;
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

function closeOf(response: ExpressResponse): Promise<undefined> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve(undefined);
    else response.once('close', () => resolve(undefined));
  });
}

/** Ends an answer that has no message to give: what has begun just ends, else it is an accepted request. */
function abandon(response: ExpressResponse): void {
  if (response.destroyed || response.writableEnded) return;
  if (!response.headersSent) response.statusCode = 202;
  response.end();
}
