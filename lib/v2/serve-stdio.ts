import type { McpServer, Server } from '@modelcontextprotocol/server';
import { serveStdio as serve } from '@modelcontextprotocol/server/stdio';

import { type MessageSource, type StdioOptions, type StdioServing, stdioCaller } from '../handler/stdio.js';
import type { Awaitable } from '../types.js';
import type { EraContext } from './mcp-handler.js';

export interface ServeStdioOptions extends StdioOptions {
  /** Required. The same as for `mcpHandler`; `sessionId` is `undefined`. */
  readonly createServer: (context: EraContext) => Awaitable<McpServer | Server>;
}

/**
 * Serves one client of either era over standard input and output with the `createServer` of an HTTP endpoint, as the
 * principal that the environment names. Throws `TypeError` for bad options.
 *
 * @example
 * serveStdio({ createServer, principal: { subject: userInfo().username } });
 */
export function serveStdio(options: ServeStdioOptions): StdioServing {
  const { order, act, receives, end } = stdioCaller(options);
  const { createServer, onError } = options;
  const handle = serve(async ({ era }) => {
    const server = await act(async () => createServer({ ...order, era }));
    // The SDK connects it to a channel of its own making, which passes messages on without the caller.
    const connect = server.connect.bind(server);
    server.connect = (channel) => connect(receives(channel as MessageSource & typeof channel));
    return server;
  }, onError && { onerror: onError });
  process.stdin.once('end', end);
  return {
    close: async () => {
      process.stdin.off('end', end);
      end();
      await handle.close();
    },
  };
}
