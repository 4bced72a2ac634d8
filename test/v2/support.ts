import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

import {
  currentPrincipal,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpSessionBinding,
  type Principal,
} from '../../lib/index.js';
import { type EraContext, type McpHandler, type McpHandlerOptions, mcpHandler } from '../../lib/v2/index.js';
import { type Call, call, type Reply } from '../support/call.js';
import type { Guarded, Setting } from '../support/guarded.js';
import type { Seen } from '../support/mcp.js';
import { serve } from '../support/serve.js';
import { openStream, type Stream } from '../support/stream.js';

export const MODERN = '2026-07-28';

export interface SeenByEra extends Seen {
  readonly era: string;
  readonly sessionId: string | undefined;
}

/** The same server as of the first generation, and it tells the era. */
export function buildServer(
  { principal, era, sessionId }: EraContext,
  onRun: (tool: string) => unknown = () => {},
): McpServer {
  const server = new McpServer(
    { name: 'test', version: '1' },
    {
      capabilities: {
        logging: {},
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
      },
    },
  );
  server.registerTool('whoami', {}, async ({ http }) => {
    await onRun('whoami');
    const seen: SeenByEra = {
      era,
      sessionId,
      created: principal.subject,
      current: currentPrincipal()?.subject,
      token: http?.authInfo?.token,
      subject: (http?.authInfo?.extra?.principal as Principal | undefined)?.subject,
      headers: [...(http?.req?.headers.keys() ?? [])],
    };
    return { content: [{ type: 'text', text: JSON.stringify(seen) }] };
  });
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, async ({ text }) => {
    await onRun('echo');
    return { content: [{ type: 'text', text }] };
  });
  return server;
}

export interface GuardedV2 extends Omit<Guarded, 'mcp'> {
  readonly mcp: McpHandler;
}

export interface SettingV2 extends Omit<Setting, 'handler' | 'createServer' | 'binding'> {
  /** `false`: none is mounted. */
  readonly binding?: Setting['binding'] | false;
  readonly handler?: Partial<McpHandlerOptions>;
  readonly createServer?: McpHandlerOptions['createServer'];
}

/** The chain of `guarded`, with the handler for both eras. */
export async function guardedV2(setting: SettingV2 = {}): Promise<GuardedV2> {
  const sessions = mcpSessionBinding(setting.binding || {});
  const mcp = mcpHandler({ createServer: setting.createServer ?? buildServer, ...setting.handler });
  const served = await serve(
    ...(setting.before ?? []),
    mcpBasicAuth({
      verifier: {
        verify: ({ username, password }) => (password === 'right' ? { subject: username } : null),
        ...setting.basic,
      },
    }),
    mcpBearerAuth({ verifier: { verify: ({ token }) => ({ subject: token }), ...setting.bearer } }),
    ...(setting.binding === false ? [] : [sessions]),
    mcp,
  );
  return {
    served,
    url: served.url,
    sessions,
    mcp,
    async [Symbol.asyncDispose]() {
      await mcp.close({ graceMs: 0 });
      await sessions.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request in the form of 2026-07-28, with the headers that go with it. */
export function modern(
  credentials: Readonly<Record<string, string>>,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  id: string | number = 1,
): Call {
  const name = params.name ?? params.uri;
  return {
    headers: {
      ...credentials,
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
    },
    body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: META } },
  };
}

/** Calls a tool in the modern form. */
export const modernTool = (
  url: URL,
  credentials: Readonly<Record<string, string>>,
  name: string,
  args: object = {},
  id: string | number = 1,
): Promise<Reply> => call(url, modern(credentials, 'tools/call', { name, arguments: args }, id));

/** Opens a `subscriptions/listen` stream, and waits for its acknowledgement. */
export async function subscribe(
  url: URL,
  credentials: Readonly<Record<string, string>>,
  notifications: object = { toolsListChanged: true },
): Promise<Stream> {
  const stream = await openStream(url, modern(credentials, 'subscriptions/listen', { notifications }, 'sub'));
  await stream.message('the subscription is acknowledged', ({ method }) =>
    Boolean(method?.endsWith('acknowledged')),
  );
  return stream;
}

export interface ConnectedV2 extends AsyncDisposable {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
}

/** The second generation's own client. */
export async function connectV2(
  url: URL,
  headers: Readonly<Record<string, string>>,
  mode: VersionNegotiationMode,
): Promise<ConnectedV2> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers: { ...headers } } });
  await client.connect(transport);
  return { client, transport, [Symbol.asyncDispose]: () => client.close() };
}
