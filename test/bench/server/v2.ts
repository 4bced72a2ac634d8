import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server';
import express, { type Express, type Request, type Response } from 'express';
import { mcpHandler } from 'express-mcp-guards/v2';

import type { Setting } from '../setting.js';
import { loadInstalled } from './fastmcp.js';
import type { Chain } from './guarded.js';
import { buildServerV2 } from './mcp.js';

interface NodeModule {
  toNodeHandler(handler: McpHttpHandler): (request: Request, response: Response, body?: unknown) => unknown;
}

/** `createMcpHandler` on Express, by the SDK's own adapter. It serves clients of the 2025 era without sessions. */
export async function bareV2({ answers, tools = 1 }: Setting): Promise<Express> {
  const { toNodeHandler } = await loadInstalled<NodeModule>('@modelcontextprotocol/node');
  const json = answers === 'json' ? ({ responseMode: 'json' } as const) : {};
  const handle = toNodeHandler(createMcpHandler(() => buildServerV2(tools), json));
  const app = express();
  app.all('/mcp', express.json(), (request, response) => handle(request, response, request.body));
  return app;
}

export function guardedV2({ answers, tools = 1 }: Setting, { guards }: Chain): Express {
  const createServer = () => buildServerV2(tools);
  const app = express();
  app.use('/mcp', ...guards, mcpHandler({ createServer, enableJsonResponse: answers === 'json' }));
  return app;
}
