import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as McpServerV2 } from '@modelcontextprotocol/server';
import { z } from 'zod';

const INFO = { name: 'bench', version: '1.0.0' };
const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });

/** A server of the v1 SDK with `echo`, and others up to `tools`, registered as the SDK's own examples do. */
export function buildServer(tools: number): McpServer {
  const server = new McpServer(INFO);
  server.registerTool('echo', { inputSchema: { text: z.string() } }, (input) => text(input.text));
  for (let n = 1; n < tools; n += 1) {
    const inputSchema = { id: z.string(), limit: z.number().int().optional() };
    server.registerTool(`tool-${n}`, { description: `Looks up ${n}`, inputSchema }, ({ id }) => text(id));
  }
  return server;
}

/** The same, of the v2 SDK. */
export function buildServerV2(tools: number): McpServerV2 {
  const server = new McpServerV2(INFO);
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, (input) => text(input.text));
  for (let n = 1; n < tools; n += 1) {
    const inputSchema = z.object({ id: z.string(), limit: z.number().int().optional() });
    server.registerTool(`tool-${n}`, { description: `Looks up ${n}`, inputSchema }, ({ id }) => text(id));
  }
  return server;
}
