import type { ServerResponse } from 'node:http';

export interface Rpc {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: { readonly _meta?: unknown };
}

/** What an MCP server with one tool answers. */
export function answerTo({ id, method }: Rpc): object {
  if (method === 'tools/list') return { jsonrpc: '2.0', id, result: { tools: [{ name: 'x' }] } };
  if (method === 'initialize') return { jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25' } };
  if (method === 'server/discover')
    return { jsonrpc: '2.0', id, result: { supportedVersions: ['2026-07-28'] } };
  return { jsonrpc: '2.0', id, result: {} };
}

/** Writes a stream of events, and leaves it open unless `isWhole`. */
export function writeEvents(response: ServerResponse, events: readonly string[], isWhole = false): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const event of events) response.write(event);
  if (isWhole) response.end();
}
