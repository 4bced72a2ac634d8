import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { RunningWiki } from './running-wiki.js';

export interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Record<string, unknown>;
}

/** Calls a tool and unpacks its answer. */
export async function call(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<ToolAnswer> {
  const result = await client.callTool({ name, arguments: args });
  const [first] = result.content as { type: string; text?: string }[];
  return {
    isError: result.isError === true,
    text: first?.text ?? '',
    data: (result.structuredContent ?? {}) as Record<string, unknown>,
  };
}

export function slugsIn({ data }: ToolAnswer): string[] {
  return (data.pages as { slug: string }[]).map(({ slug }) => slug);
}

const MCP_HEADERS = { Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': '2025-11-25' };

export const initializeMessage = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
} as const;

/** A POST to `/mcp` as a client would send it, past the SDK. */
export function postMcp(
  wiki: RunningWiki,
  headers: Record<string, string>,
  message: unknown = initializeMessage,
): Promise<Response> {
  return wiki.send('POST', '/mcp', { ...MCP_HEADERS, ...headers }, message);
}

export interface Refusal {
  readonly status: number;
  readonly code: string | undefined;
}

/** Status and `data.code` of a refusal. */
export async function refusalOf(response: Response): Promise<Refusal> {
  const body = (await response.json()) as { error?: { data?: { code?: string } } };
  return { status: response.status, code: body.error?.data?.code };
}
