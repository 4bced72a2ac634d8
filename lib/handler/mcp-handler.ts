import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Request, RequestHandler } from 'express';

import { lastGate, MCP_METHODS, METHOD_NOT_ALLOWED } from '../authentication/last-gate.js';
import { defineGuard, HANDLED, publisher } from '../guard.js';
import type { Denial } from '../http/denial.js';
import { checkOptions, methodsOf, required, rule } from '../options.js';
import { DEFAULT_MAX_BODY_BYTES } from '../request-body.js';
import { attachmentOf } from '../sessions/attachment.js';
import type { Awaitable } from '../types.js';
import { type CreateServerContext, errorTeller, reporter, serverMaker } from './create-server.js';
import { Drain } from './drain.js';
import { type ServeContext, serveOnce } from './serve-once.js';
import { serveSession } from './serve-session.js';

export interface McpHandlerOptions {
  /** Required. Makes a fresh MCP server for one session (without a session binding: for one request). */
  readonly createServer: (context: CreateServerContext) => Awaitable<McpServer | Server>;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Answers calls with JSON instead of a stream. Default false. */
  readonly enableJsonResponse?: boolean;
  /** Makes streams resumable; scoped to the session by the handler. */
  readonly eventStore?: EventStore;
  /** How often an open stream shows that it is alive. Default: the SDK's. */
  readonly keepAliveMs?: number;
  /** How long `createServer`, and `startSession`, may take. Default 5000. */
  readonly createTimeoutMs?: number;
  /**
   * Gets errors of `createServer`, `startSession`, `endSession`, the event store and the transport as they are: they
   * may hold secrets. The transport also reports what clients do wrong.
   */
  readonly onError?: (error: unknown) => void;
}

export interface McpHandler extends RequestHandler {
  /**
   * Shuts down: new requests get 503, calls in flight have `graceMs` (default 10 000) to finish, then streams end and
   * sessions end with `shutdown`. Resolves when all is closed.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const DEFAULT_GRACE_MS = 10_000;
const POST_ONLY: Denial = { code: 'method_not_allowed', allow: 'POST' };
const NOT_ACCEPTABLE: Denial = { code: 'not_acceptable' };

/**
 * Serves MCP (Streamable HTTP) as the principal that the guards before it have proven: a request without one is 401.
 * With `mcpSessionBinding` before it one server serves one session; without it one server serves one request.
 * Throws `TypeError` for bad options.
 *
 * @example
 * const mcp = mcpHandler({ createServer: ({ principal }) => buildServerFor(principal) });
 * app.use('/mcp', mcpBearerAuth({ verifier }), mcpSessionBinding(), mcp);
 * process.once('SIGTERM', async () => {
 *   await mcp.close();
 *   server.close();
 *   server.closeAllConnections();
 * });
 */
export function mcpHandler(options: McpHandlerOptions): McpHandler {
  checkOptions('mcpHandler', options, {
    createServer: required(rule.callback),
    maxBodyBytes: rule.count,
    enableJsonResponse: rule.flag,
    eventStore: methodsOf('storeEvent', 'replayEventsAfter'),
    keepAliveMs: rule.milliseconds,
    createTimeoutMs: rule.milliseconds,
    onError: rule.callback,
  });
  const { enableJsonResponse = false, eventStore, keepAliveMs, createTimeoutMs = 5000 } = options;
  const publish = publisher('mcpHandler');
  const tellError = errorTeller('mcpHandler', options.onError);
  const report = reporter(publish, tellError);
  const drain = new Drain();
  const closed = new AbortController();
  const context: ServeContext = {
    makeServer: serverMaker(options.createServer, createTimeoutMs, report),
    transport: { enableJsonResponse, eventStore, keepAliveMs },
    maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    createTimeoutMs,
    report,
    tellError,
    onClientError: options.onError,
    publish,
    transports: new WeakMap(),
    endings: new Set(),
    closed: closed.signal,
  };

  const guard = defineGuard('mcpHandler', (request, response, state) => {
    if (drain.isClosing) return { code: 'closing' };
    const attachment = attachmentOf(state);
    if (!MCP_METHODS.has(request.method)) return attachment ? METHOD_NOT_ALLOWED : POST_ONLY;
    const refused = lastGate(request, state);
    if (refused) return refused;
    if (!attachment && request.method !== 'POST') return POST_ONLY;
    if (!isAcceptable(request)) return NOT_ACCEPTABLE;
    if (response.destroyed) return HANDLED;
    const serve = (): Promise<Denial | undefined> =>
      attachment
        ? serveSession(request, response, state, attachment, context)
        : serveOnce(request, response, state, context);
    // A listening stream is no call: closing does not wait for it.
    const serving = request.method === 'GET' ? serve() : drain.run(serve);
    return serving.then((denial) => denial ?? HANDLED);
  });

  let closing: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> => {
    closing ??= drain.close(graceMs).then(async () => {
      closed.abort();
      await Promise.all([...context.endings].map((end) => end()));
    });
    return closing;
  };

  return Object.assign(guard, {
    close: async (closeOptions: { readonly graceMs?: number } = {}) => {
      checkOptions('close', closeOptions, { graceMs: { ...rule.milliseconds, test: isGrace } });
      await close(closeOptions.graceMs ?? DEFAULT_GRACE_MS);
    },
  });
}

const isGrace = (value: unknown): boolean => value === 0 || rule.milliseconds.test(value);

/** The SDK's own rule (MCP, Streamable HTTP), applied before anything is started for the request. */
function isAcceptable({ method, headers: { accept = '' } }: Request): boolean {
  if (method === 'DELETE') return true;
  return accept.includes('text/event-stream') && (method === 'GET' || accept.includes('application/json'));
}
