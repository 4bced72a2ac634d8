import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';

export interface Asking {
  readonly port: number;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly message?: object;
  /** Default `/mcp`. */
  readonly path?: string | undefined;
  readonly agent?: Agent | false;
  /** The loopback address that the server sees. */
  readonly from?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

const PROTOCOL = '2025-11-25';

export const agentOf = (): Agent => new Agent({ keepAlive: true, maxSockets: 64 });

/** A request whose body is sent, unless it is to be sent in part. */
export function open({ port, method, headers, message, path, agent, from }: Asking, part = 1): ClientRequest {
  const body = message === undefined ? undefined : Buffer.from(JSON.stringify(message));
  const request = httpRequest({
    port,
    method,
    host: '127.0.0.1',
    path: path ?? '/mcp',
    ...(agent !== undefined && { agent }),
    ...(from !== undefined && { localAddress: from }),
    headers: {
      Accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      ...(body && { 'Content-Type': 'application/json', 'Content-Length': body.length }),
      ...headers,
    },
  });
  if (!body) request.end();
  else if (part === 1) request.end(body);
  else request.write(body.subarray(0, Math.floor(body.length * part)));
  return request;
}

/** Resolves to the answer as it begins; rejects where the connection fails before. */
export const begun = (request: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });

/** Asks, and reads the whole answer. */
export async function ask(asking: Asking): Promise<Reply> {
  const request = open(asking);
  const response = await begun(request);
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

export const inSession = (id: string): Record<string, string> => ({
  'Mcp-Session-Id': id,
  'MCP-Protocol-Version': PROTOCOL,
});

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: PROTOCOL,
    capabilities: {},
    clientInfo: { name: 'soak', version: '1.0.0' },
  },
};
export const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };

export const toolCall = (name: string, args: object = {}): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
});
