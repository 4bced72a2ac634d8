import { checkOptions } from '../options.js';
import type { Awaitable } from '../types.js';
import type { CreateServerContext } from './create-server.js';
import { defineHandler } from './define-handler.js';
import { HANDLER_RULES, type HandlerOptions, type McpHandler } from './handler-options.js';
import type { ConnectableServer, SdkTransportClass } from './sdk.js';

export interface McpHandlerOptions extends HandlerOptions {
  /**
   * Required. Makes a fresh MCP server (`McpServer` or `Server` of `@modelcontextprotocol/sdk`) for one session; without
   * a session binding, for one request.
   */
  readonly createServer: (context: CreateServerContext) => Awaitable<ConnectableServer>;
}

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
  checkOptions('mcpHandler', options, HANDLER_RULES);
  return defineHandler({ ...options, transportClass: transportLoader() });
}

/** Loads the SDK when a handler is made, not with this package: who serves with another generation need not have it. */
function transportLoader(): () => Awaitable<SdkTransportClass> {
  let loaded: Awaitable<SdkTransportClass> = load();
  loaded.then(
    (transportClass) => {
      loaded = transportClass;
    },
    () => {
      process.emitWarning('mcpHandler: @modelcontextprotocol/sdk 1.26 or newer could not be loaded', {
        code: 'MCP_GUARD_SDK',
      });
    },
  );
  return () => loaded;
}

async function load(): Promise<SdkTransportClass> {
  const sdk = await import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js');
  return sdk.WebStandardStreamableHTTPServerTransport as unknown as SdkTransportClass;
}
