import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';

import {
  type CreateServerContext,
  type McpHandler,
  type McpHandlerOptions,
  mcpBasicAuth,
  mcpHandler,
} from '../../lib/index.js';
import { call, type Reply } from './call.js';
import { as } from './guarded.js';
import { buildServer } from './mcp.js';
import { type Served, serve } from './serve.js';

export interface Stateless extends AsyncDisposable {
  readonly url: URL;
  readonly served: Served;
  readonly mcp: McpHandler;
  readonly contexts: readonly CreateServerContext[];
  readonly closed: () => number;
  readonly logins: readonly string[];
}

/** The chain without a session binding. */
export async function stateless(
  options: Partial<McpHandlerOptions> = {},
  onRun?: (tool: string) => unknown,
): Promise<Stateless> {
  const contexts: CreateServerContext[] = [];
  const logins: string[] = [];
  let closed = 0;
  const mcp = mcpHandler({
    onError: () => {},
    ...options,
    createServer: (context) => {
      contexts.push(context);
      if (options.createServer) return options.createServer(context);
      const server: McpServer = buildServer(context.principal, onRun);
      server.server.onclose = () => {
        closed += 1;
      };
      return server;
    },
  });
  const served = await serve(
    mcpBasicAuth({
      verifier: {
        verify: ({ username }) => ({ subject: username }),
        startSession: () => void logins.push('start'),
        endSession: () => void logins.push('end'),
      },
    }),
    mcp,
  );
  const dispose = () => served[Symbol.asyncDispose]();
  return {
    url: served.url,
    served,
    mcp,
    contexts,
    closed: () => closed,
    logins,
    [Symbol.asyncDispose]: dispose,
  };
}

/** POSTs as ann. */
export const post = ({ url }: { readonly url: URL }, body: unknown, headers = {}): Promise<Reply> =>
  call(url, { headers: { ...as('ann'), ...headers }, body });
