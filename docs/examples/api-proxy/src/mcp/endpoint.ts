import type { RequestHandler } from 'express';
import {
  mcpForwardedCredentials,
  mcpHandler,
  mcpLegacySse,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
  mcpTlsGuard,
} from 'express-mcp-guards';
import { ORGANIZATION_HEADER } from '../api/api.js';
import { serverMaker } from './create-server.js';
import { identifyAt } from './identify.js';

export interface EndpointParts {
  /** The API's origin. The clients' keys go there, and nowhere else. */
  readonly apiUrl: string;
  /** Host names the server answers to. Default: the loopback names. */
  readonly allowedHosts?: readonly string[] | undefined;
}

export interface McpEndpoint {
  /** Streamable HTTP: for `app.use('/mcp', …)`. */
  readonly streamable: readonly RequestHandler[];
  /** HTTP+SSE, for clients of old: for `app.use(['/sse', '/messages'], …)`. */
  readonly legacySse: readonly RequestHandler[];
  close(graceMs: number): Promise<void>;
}

/** The one file to copy: clients bring their own key, and every call of a tool reaches the API with it. */
export function mcpEndpoint({ apiUrl, allowedHosts }: EndpointParts): McpEndpoint {
  const sessions = mcpSessionBinding();
  const serving = {
    createServer: serverMaker(apiUrl),
    onError: (error: unknown) => console.error('MCP server failed:', error),
  };
  const handler = mcpHandler(serving);
  const sse = mcpLegacySse({ ...serving, messagesPath: '/messages' });
  const guards = [
    mcpOriginGuard(allowedHosts === undefined ? {} : { allowedHosts }),
    // Keys must not travel readable.
    mcpTlsGuard(),
    mcpLoginLimiter(),
    mcpForwardedCredentials({
      headers: ['Authorization', ORGANIZATION_HEADER],
      required: ['Authorization'],
      scheme: 'Basic',
      identify: identifyAt(apiUrl),
      upstream: [apiUrl],
    }),
    sessions,
  ];
  return {
    streamable: [...guards, handler],
    legacySse: [...guards, sse],
    async close(graceMs) {
      await Promise.all([handler.close({ graceMs }), sse.close({ graceMs })]);
      await sessions.close();
    },
  };
}
