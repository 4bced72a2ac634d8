import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createApi } from '../../src/api/api.js';
import { type DemoData, demoData } from '../../src/api/demo-data.js';
import { createMcpApp, type McpAppConfig } from '../../src/app.js';
import { listen } from '../../src/listen.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach('stop what the test started', async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export interface RunningApi {
  readonly url: string;
  readonly data: DemoData;
  /** The `Authorization` of every request, in order. */
  readonly keys: (string | undefined)[];
  stop(): Promise<void>;
}

/** The demo API on a free port of the loopback address. Stops after the test. */
export async function startApi(): Promise<RunningApi> {
  const data = demoData();
  const api = createApi(data);
  const keys: (string | undefined)[] = [];
  const listening = await listen(
    (request, response) => {
      keys.push(request.headers.authorization);
      api(request, response);
    },
    '127.0.0.1',
    0,
  );
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= listening.close(0);
    return stopped;
  };
  cleanups.push(stop);
  return { url: listening.url, data, keys, stop };
}

export interface RunningMcp {
  readonly url: string;
  readonly api: RunningApi;
  /** The SDK's own client, connected with these headers. */
  connect(headers: Record<string, string>): Promise<McpClient>;
  /** The same over HTTP+SSE. */
  connectSse(headers: Record<string, string>): Promise<McpClient>;
  /** A POST as it is, by default to `/mcp`. */
  post(headers: Record<string, string>, message?: unknown, path?: string): Promise<Response>;
}

export interface McpClient {
  readonly client: Client;
  readonly sessionId: string;
}

const unset: McpAppConfig = { allowedHosts: undefined, trustProxy: undefined };

const initializeMessage = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
} as const;

/** The MCP server, in front of a demo API of its own. Stops after the test. */
export async function startMcp(config: Partial<McpAppConfig> = {}): Promise<RunningMcp> {
  const api = await startApi();
  const mcp = createMcpApp(api.url, { ...unset, ...config });
  const listening = await listen(mcp.app, '127.0.0.1', 0);
  cleanups.push(async () => {
    await mcp.close(0);
    await listening.close(0);
  });
  const { url } = listening;
  return {
    url,
    api,
    async connect(headers) {
      const client = new Client({ name: 'test', version: '1.0.0' });
      const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } });
      cleanups.push(() => client.close());
      // The SDK's own class is not assignable to its Transport under exactOptionalPropertyTypes.
      await client.connect(transport as Parameters<Client['connect']>[0]);
      return { client, sessionId: transport.sessionId ?? '' };
    },
    async connectSse(headers) {
      const client = new Client({ name: 'test', version: '1.0.0' });
      let sessionId = '';
      const transport = new SSEClientTransport(new URL('/sse', url), {
        requestInit: { headers },
        fetch: (input, init) => {
          sessionId ||= new URL(String(input)).searchParams.get('sessionId') ?? '';
          return fetch(input, init);
        },
      });
      cleanups.push(() => client.close());
      await client.connect(transport);
      return { client, sessionId };
    },
    post(headers, message = initializeMessage, path = '/mcp') {
      return fetch(new URL(path, url), {
        method: 'POST',
        headers: {
          Accept: 'application/json, text/event-stream',
          'Content-Type': 'application/json',
          'MCP-Protocol-Version': '2025-11-25',
          ...headers,
        },
        body: JSON.stringify(message),
      });
    },
  };
}

export interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Record<string, unknown>;
}

/** Calls a tool and unpacks its answer. */
export async function call(
  { client }: Pick<McpClient, 'client'>,
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

export const namesIn = ({ data }: ToolAnswer): string[] =>
  (data.projects as { name: string }[]).map(({ name }) => name);

/** Status and `data.code` of a refusal. */
export async function refusalOf(response: Response): Promise<readonly [number, string | undefined]> {
  const body = (await response.json()) as { error?: { data?: { code?: string } } };
  return [response.status, body.error?.data?.code];
}
