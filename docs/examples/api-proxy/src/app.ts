import express, { type Express } from 'express';
import type { Config } from './config.js';
import { mcpEndpoint } from './mcp/endpoint.js';

export interface McpApp {
  readonly app: Express;
  /** Ends every MCP session, after letting running calls finish for `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export type McpAppConfig = Pick<Config, 'allowedHosts' | 'trustProxy'>;

/** The MCP server in front of the API. */
export function createMcpApp(apiUrl: string, { allowedHosts, trustProxy }: McpAppConfig): McpApp {
  const mcp = mcpEndpoint({ apiUrl, allowedHosts });
  const app = express();
  app.disable('x-powered-by');
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
  app.use('/mcp', ...mcp.streamable);
  app.use(['/sse', '/messages'], ...mcp.legacySse);
  return { app, close: mcp.close };
}
