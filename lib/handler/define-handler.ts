import type { Request, Response } from 'express';

import { lastGate, MCP_METHODS } from '../authentication/last-gate.js';
import { defineGuard, type GuardOutcome, HANDLED } from '../guard.js';
import type { Denial } from '../http/denial.js';
import { openExchange } from '../open-exchange.js';
import { DEFAULT_MAX_BODY_BYTES, readBody } from '../request-body.js';
import type { RequestState } from '../request-state.js';
import { isGone } from '../response-end.js';
import { attachmentOf, type SessionAttachment } from '../sessions/attachment.js';
import { MemorySessionStore } from '../sessions/memory-session-store.js';
import { REGISTRY_DEFAULTS } from '../sessions/registry-options.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import type { Awaitable } from '../types.js';
import { isPending } from '../within-time.js';
import { Drain } from './drain.js';
import { type CloseOptions, graceMsOf, type HandlerOptions, type McpHandler } from './handler-options.js';
import type { SdkTransportClass } from './sdk.js';
import { type ServeContext, type ServeSetup, serveBase } from './serve-context.js';
import { serveOnce } from './serve-once.js';
import { serveSession } from './serve-session.js';

/** One request while it is served. */
export interface Serving {
  readonly request: Request;
  readonly response: Response;
  readonly state: RequestState;
  readonly attachment: SessionAttachment;
  /** The parsed body of a POST. */
  readonly message: unknown;
  /** Says that closing need not wait for it. */
  readonly isStream: () => void;
}

/** What a handler serves that knows no sessions. */
export interface SessionlessLeg {
  /** Whether a POST is of this kind. */
  claims(serving: Serving): Awaitable<boolean>;
  serve(serving: Serving): Promise<Denial | undefined>;
  /** Ends what is being served. */
  close(): Promise<void>;
}

/** What one generation of the SDK brings. */
export interface HandlerSetup extends HandlerOptions, ServeSetup {
  readonly transportClass: () => Awaitable<SdkTransportClass>;
  readonly sessionless?: (context: ServeContext) => SessionlessLeg;
}

const POST_ONLY: Denial = { code: 'method_not_allowed', allow: 'POST' };
const NOT_ACCEPTABLE: Denial = { code: 'not_acceptable' };

/** Makes the handler of one generation of the SDK; its options have been checked. */
export function defineHandler(setup: HandlerSetup): McpHandler {
  const { enableJsonResponse = false, eventStore, keepAliveMs, transportClass } = setup;
  const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, failover = true } = setup;
  const drain = new Drain();
  const closed = new AbortController();
  const base = serveBase('mcpHandler', setup, closed.signal);
  const context: ServeContext = {
    ...base,
    transport: { transportClass, enableJsonResponse, eventStore, keepAliveMs },
    transports: new WeakMap(),
    rebuilding: new WeakMap(),
    failover,
  };
  /** Watches over requests that come without a session binding: their streams end in time, too. */
  const unbound = new SessionRegistry({
    ...REGISTRY_DEFAULTS,
    store: new MemorySessionStore(),
    publish: base.publish,
  });
  const sessionless = setup.sessionless?.(context);

  const serve = async (
    request: Request,
    response: Response,
    state: RequestState,
    bound: SessionAttachment | undefined,
    isStream: () => void,
  ): Promise<Denial | undefined> => {
    const attachment = bound ?? openExchange(unbound, request, response, state);
    if (!attachment || isGone(response)) return undefined;
    if (request.method !== 'POST') return serveSession(request, response, state, attachment, context);
    const body = await readBody(request, maxBodyBytes);
    if (body.kind === 'refused') return { code: body.code };
    // Its time was up, or it was revoked, while the body came in.
    if (response.headersSent) return undefined;
    const serving = { request, response, state, attachment, message: body.value, isStream };
    const claiming = sessionless?.claims(serving);
    const isClaimed = isPending(claiming) ? await claiming : claiming;
    if (sessionless && isClaimed) return sessionless.serve(serving);
    return bound
      ? serveSession(request, response, state, bound, context, body.value)
      : serveOnce(request, response, state, attachment, context, body.value);
  };

  const serveCounted = async (
    request: Request,
    response: Response,
    state: RequestState,
    bound: SessionAttachment | undefined,
  ): Promise<GuardOutcome> => {
    const finish = drain.begin();
    // A listening stream is no call: closing does not wait for it.
    if (request.method === 'GET') finish();
    try {
      return (await serve(request, response, state, bound, finish)) ?? HANDLED;
    } finally {
      finish();
    }
  };

  const guard = defineGuard('mcpHandler', (request, response, state) => {
    if (drain.isClosing) return { code: 'closing' };
    const bound = attachmentOf(state);
    if (!MCP_METHODS.has(request.method)) return POST_ONLY;
    const refused = lastGate(request, state);
    if (refused) return refused;
    if (!bound && request.method !== 'POST') return POST_ONLY;
    if (!isAcceptable(request)) return NOT_ACCEPTABLE;
    if (!bound) for (const keeper of state.keepers) unbound.meet(keeper);
    return serveCounted(request, response, state, bound);
  });

  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    await drain.close(graceMs);
    await sessionless?.close();
    closed.abort();
    await Promise.all([...context.endings].map((end) => end()));
    await unbound.close();
  };

  return Object.assign(guard, {
    close: async (options: CloseOptions = {}) => {
      closing ??= close(graceMsOf(options));
      await closing;
    },
  });
}

/** The SDK's own rule (MCP, Streamable HTTP), applied before anything is started for the request. */
function isAcceptable({ method, headers: { accept = '' } }: Request): boolean {
  if (method === 'DELETE') return true;
  return accept.includes('text/event-stream') && (method === 'GET' || accept.includes('application/json'));
}
