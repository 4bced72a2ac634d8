import type { Request, Response } from 'express';

import { defineGuard, HANDLED } from '../guard.js';
import type { Denial } from '../http/denial.js';
import { querySessionId } from '../http/session-id.js';
import { checkOptions, type OptionRule, required } from '../options.js';
import { DEFAULT_MAX_BODY_BYTES } from '../request-body.js';
import type { RequestState } from '../request-state.js';
import { isGone } from '../response-end.js';
import { attachmentOf, type SessionAttachment } from '../sessions/attachment.js';
import type { LiveSession } from '../sessions/live-session.js';
import type { Awaitable } from '../types.js';
import { type CreateServerContext, inEra } from './create-server.js';
import { Drain } from './drain.js';
import {
  type CloseOptions,
  graceMsOf,
  HANDLER_RULES,
  type HandlerOptions,
  type McpHandler,
} from './handler-options.js';
import { openSse, type SseContext } from './open-sse.js';
import type { ConnectableServer } from './sdk.js';
import { serveBase } from './serve-context.js';
import { receiveMessage } from './sse-message.js';
import type { SseTransport } from './sse-transport.js';

/** As for any session; `era` is there for a `createServer` that serves both. */
export interface LegacyServerContext extends CreateServerContext {
  readonly era: 'legacy';
}

export interface LegacySseOptions
  extends Pick<HandlerOptions, 'maxBodyBytes' | 'keepAliveMs' | 'createTimeoutMs' | 'onError'> {
  /** Required. Makes a fresh MCP server, of either generation of the SDK, for one session. */
  readonly createServer: (context: LegacyServerContext) => Awaitable<ConnectableServer>;
  /** Required. The path, as clients see it, to which they POST; mount this middleware there as well. */
  readonly messagesPath: string;
}

const pathRule: OptionRule = {
  must: 'a path that begins with one slash, without query and fragment',
  test: (value) =>
    typeof value === 'string' &&
    URL.canParse(value, 'http://localhost') &&
    new URL(value, 'http://localhost').href === `http://localhost${value}` &&
    !/[?#]/.test(value),
};

const { createServer, maxBodyBytes, keepAliveMs, createTimeoutMs, onError } = HANDLER_RULES;
const RULES = {
  ...{ createServer, maxBodyBytes, keepAliveMs, createTimeoutMs, onError },
  messagesPath: required(pathRule),
} as const;

const KEEP_ALIVE_MS = 15_000;
const NOT_ALLOWED: Denial = { code: 'method_not_allowed', allow: 'GET, POST' };
const GET_ONLY: Denial = { code: 'method_not_allowed', allow: 'GET' };

/**
 * Serves HTTP+SSE, the transport of MCP 2024-11-05, as the principal that the guards before it have proven: GET opens
 * the stream and begins a session of the caller's, POST `messagesPath?sessionId=…` is proven and bound like any
 * request. Needs `mcpSessionBinding` before it. Throws `TypeError` for bad options.
 *
 * @example
 * const sse = mcpLegacySse({ createServer, messagesPath: '/messages' });
 * app.use(['/sse', '/messages'], mcpBasicAuth({ verifier }), sessions, sse);
 */
export function mcpLegacySse(options: LegacySseOptions): McpHandler {
  checkOptions('mcpLegacySse', options, RULES);
  const { messagesPath, keepAliveMs = KEEP_ALIVE_MS, maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = options;
  const drain = new Drain();
  const closed = new AbortController();
  const context = serveBase(
    'mcpLegacySse',
    { ...options, createServer: (order) => options.createServer(inEra(order, 'legacy')) },
    closed.signal,
  );
  const transports = new WeakMap<LiveSession, SseTransport>();
  const opening: SseContext = { ...context, drain, messagesPath, keepAliveMs, transports };

  const receive = async (
    request: Request,
    response: Response,
    state: RequestState,
    { session }: SessionAttachment,
  ): Promise<Denial | undefined> => {
    const sent = querySessionId(request);
    if (sent.kind === 'invalid') return { code: 'invalid_session_id' };
    if (sent.kind === 'none') return isAt(request, messagesPath) ? { code: 'session_required' } : GET_ONLY;
    const transport = session?.id === sent.id && !session.ending ? transports.get(session) : undefined;
    if (!transport) return { code: 'session_not_found' };
    return receiveMessage(request, response, state, transport, maxBodyBytes);
  };

  const guard = defineGuard('mcpLegacySse', async (request, response, state) => {
    if (drain.isClosing) return { code: 'closing' };
    const { method, headers } = request;
    if (method !== 'GET' && method !== 'POST') return NOT_ALLOWED;
    // There is one for proven callers alone.
    const attachment = attachmentOf(state);
    if (!attachment) throw new TypeError('mcpLegacySse: mount mcpSessionBinding before it');
    if (isGone(response)) return HANDLED;
    if (method === 'POST') return (await receive(request, response, state, attachment)) ?? HANDLED;
    if (!headers.accept?.includes('text/event-stream')) return { code: 'not_acceptable' };
    await openSse(request, response, state, attachment, opening);
    return HANDLED;
  });

  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    await drain.close(graceMs);
    closed.abort();
    await Promise.all([...context.endings].map((end) => end()));
  };
  return Object.assign(guard, {
    close: async (closeOptions: CloseOptions = {}) => {
      closing ??= close(graceMsOf(closeOptions));
      await closing;
    },
  });
}

/** Whether a request came by `path`, which clients know it by, or by another that this middleware is mounted at. */
function isAt({ originalUrl }: Request, path: string): boolean {
  return originalUrl.split('?', 1)[0] === path;
}
