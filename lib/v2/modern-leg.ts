import {
  createMcpHandler,
  type McpHttpHandler,
  type McpServer,
  type Server,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import type { Request as ExpressRequest } from 'express';

import { setPrincipal } from '../authentication/set-principal.js';
import { isGuardError, McpGuardError } from '../errors.js';
import { inEra, serverOrder } from '../handler/create-server.js';
import type { Serving, SessionlessLeg } from '../handler/define-handler.js';
import type { ServeContext } from '../handler/serve-context.js';
import { toolRequest, toWebRequest } from '../handler/web-request.js';
import { writeWebResponse } from '../handler/web-response.js';
import type { Denial } from '../http/denial.js';
import { isRecord } from '../options.js';
import { isGone, onOver } from '../response-end.js';
import { EndSignal } from '../sessions/end-signal.js';
import type { Exchange } from '../sessions/exchange.js';
import { runAs } from '../sessions/principal-context.js';
import { sessionCredentials } from '../sessions/session-credentials.js';
import type { AuthInfo, Awaitable, ForwardedCredentials, Principal } from '../types.js';
import { isPending, withinTime } from '../within-time.js';
import { claimsModern } from './claims-modern.js';
import { holdSlot, type Subscription } from './subscription.js';

const CLOSING: Denial = { code: 'closing' };
/** How long the last words of streams may take. */
const LAST_BYTES_MS = 500;

/** One request on its way through the SDK, which hides from its caller what `createServer` throws. */
interface Call {
  readonly principal: Principal;
  readonly forwarded: ForwardedCredentials | undefined;
  readonly ending: EndSignal;
  failure: unknown;
}

/** Requests of 2026-07-28: each is served by itself, from a server of its own. What sessions do does not touch them. */
export class ModernLeg implements SessionlessLeg {
  readonly #context: ServeContext;
  readonly #handler: McpHttpHandler;
  readonly #calls = new WeakMap<Request, Call>();
  readonly #open = new Map<Exchange, Promise<unknown>>();
  #isClosing = false;

  constructor(context: ServeContext, bus: ServerEventBus) {
    this.#context = context;
    const { keepAliveMs, enableJsonResponse } = context.transport;
    this.#handler = createMcpHandler(({ requestInfo }) => this.#makeServer(requestInfo), {
      legacy: 'reject',
      bus,
      // The principal's cap on sessions bounds them.
      maxSubscriptions: Number.MAX_SAFE_INTEGER,
      ...(keepAliveMs !== undefined && { keepAliveMs }),
      ...(enableJsonResponse && { responseMode: 'json' }),
      onerror: (error) => {
        if (!isGuardError(error)) context.onClientError?.(error);
      },
    });
  }

  claims(serving: Serving): Awaitable<boolean> {
    return claimsModern(serving);
  }

  async serve(serving: Serving): Promise<Denial | undefined> {
    const { exchange } = serving.attachment;
    const served = this.#serve(serving);
    this.#open.set(exchange, served);
    try {
      return await served;
    } finally {
      this.#open.delete(exchange);
    }
  }

  /** Ends `subscriptions/listen` streams with their last message, and calls that outlasted the grace without. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#handler.close();
    const said = Promise.allSettled(this.#open.values());
    await withinTime(() => said, LAST_BYTES_MS).catch(() => {});
    for (const exchange of this.#open.keys()) exchange.end('closing');
  }

  async #serve({
    request,
    response,
    state,
    attachment,
    message,
    isStream,
  }: Serving): Promise<Denial | undefined> {
    const { exchange, session } = attachment;
    const { principal } = exchange;
    if (session) {
      // The session that the request names is the caller's own, but none of this request's business.
      session.exchanges.delete(exchange);
      setPrincipal(request, state, principal);
    }
    const ending = new EndSignal();
    /** Of what the SDK watches: aborting a signal that nobody needs any more is dear. */
    const cut = new EndSignal();
    onOver(response, () => {
      if (!response.writableFinished) cut.abort();
      ending.abort();
    });
    exchange.onEnd = () => {
      cut.abort();
      ending.abort();
    };
    /* c8 ignore next -- between the body and here a client can leave only while the claim was waited for */
    if (isGone(response)) return undefined;
    let subscription: Subscription | undefined;
    if (isRecord(message) && message.method === 'subscriptions/listen') {
      isStream();
      subscription = await holdSlot(attachment, this.#context, response, () => this.#isClosing);
    }
    const web = toolRequest(toWebRequest(request, state.hiddenHeaders), cut);
    const { forwarded } = state;
    const call: Call = { principal, forwarded, ending, failure: undefined };
    this.#calls.set(web, call);
    if (this.#isClosing) return CLOSING;
    const answer = await runAs(
      principal,
      () => this.#handler.fetch(web, { authInfo: authOf(request), parsedBody: message }),
      forwarded,
    );
    if (answer.headers.get('content-type') === 'text/event-stream') subscription?.begin();
    else if (subscription) await subscription.fail();
    if (call.failure !== undefined) throw call.failure;
    // The SDK's word for an exchange that was closed before there was an answer.
    if (answer.status === 499) return this.#isClosing ? CLOSING : undefined;
    if (answer.status === 500) {
      this.#context.report('transport', 'the SDK failed', new Error('the SDK answered 500'));
      throw new McpGuardError('unavailable');
    }
    await writeWebResponse(answer, response);
    return undefined;
  }

  async #makeServer(request: Request | undefined): Promise<McpServer | Server> {
    const call = request && this.#calls.get(request);
    /* c8 ignore next -- the SDK hands over the request that it was given */
    if (!call) throw new TypeError('mcpHandler: the SDK asks for a server without a request');
    const { principal, ending, forwarded } = call;
    const credentials = sessionCredentials(forwarded, ending);
    try {
      const order = inEra(serverOrder(principal, undefined, credentials, ending), 'modern');
      const making = this.#context.makeServer(order) as Awaitable<McpServer | Server>;
      const server = isPending(making) ? await making : making;
      if (!this.#isClosing && !ending.aborted) return server;
      await server.close();
      throw new McpGuardError(this.#isClosing ? 'closing' : 'unavailable');
    } catch (error) {
      call.failure = error;
      throw error;
    }
  }
}

/** Whoever is proven has it. */
function authOf(request: ExpressRequest): AuthInfo {
  return (request as unknown as { readonly auth: AuthInfo }).auth;
}
