import {
  type McpServer,
  type Server,
  type ServerEvent,
  type ServerEventBus,
  type ServerNotifier,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

import { type CreateServerContext, type Era, inEra } from '../handler/create-server.js';
import { defineHandler } from '../handler/define-handler.js';
import {
  HANDLER_RULES,
  type HandlerOptions,
  type McpHandler as SharedHandler,
} from '../handler/handler-options.js';
import type { SdkTransportClass } from '../handler/sdk.js';
import { checkOptions, methodsOf, rule } from '../options.js';
import type { Awaitable, Principal } from '../types.js';
import { ModernLeg } from './modern-leg.js';
import { personalBus } from './personal-bus.js';

export interface EraContext extends CreateServerContext {
  /** `modern`: the server serves one request of 2026-07-28, and has no `sessionId`. `legacy`: a client of the 2025 era. */
  readonly era: Era;
}

export interface McpHandlerOptions extends HandlerOptions {
  /**
   * Required. Makes a fresh MCP server (of `@modelcontextprotocol/server`): one a request for 2026-07-28, one a session
   * for the 2025 era (without a session binding: one a request).
   */
  readonly createServer: (context: EraContext) => Awaitable<McpServer | Server>;
  /** Where the changes come from that `subscriptions/listen` streams tell of. Default: this process. */
  readonly bus?: ServerEventBus;
  /**
   * Whether the streams of a principal may tell of a change. Default: of each that the client asked for, whosoever
   * resource it is about. A throw is a no.
   */
  readonly mayHear?: (principal: Principal, event: ServerEvent) => boolean;
}

export interface McpHandler extends SharedHandler {
  /** Tells open `subscriptions/listen` streams of changes. */
  readonly notify: ServerNotifier;
}

/**
 * Serves both protocol eras on one URL as the principal that the guards before it have proven: requests of 2026-07-28
 * from a server of their own, clients of the 2025 era in sessions where `mcpSessionBinding` is mounted. The SDK decides
 * by the body which is which. Throws `TypeError` for bad options.
 *
 * @example
 * const mcp = mcpHandler({ createServer: ({ principal, era }) => buildServerFor(principal, era) });
 * app.use('/mcp', mcpBearerAuth({ verifier }), mcpSessionBinding(), mcp);
 */
export function mcpHandler(options: McpHandlerOptions): McpHandler {
  checkOptions('mcpHandler', options, {
    ...HANDLER_RULES,
    bus: methodsOf('publish', 'subscribe'),
    mayHear: rule.callback,
  });
  const { createServer, bus: given, mayHear, ...shared } = options;
  const { bus, notify } = personalBus(given, mayHear);
  const handler = defineHandler({
    ...shared,
    createServer: (order) => createServer(inEra(order, order.era ?? 'legacy')),
    transportClass: () => WebStandardStreamableHTTPServerTransport as unknown as SdkTransportClass,
    sessionless: (context) => new ModernLeg(context, bus),
  });
  return Object.assign(handler, { notify });
}
