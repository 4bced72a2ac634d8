import { type IncomingMessage, request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Every `WWW-Authenticate` line, in order. */
  readonly challenges: readonly string[];
  readonly text: string;
  /** The parsed body; `undefined` where it is no JSON. */
  readonly json: unknown;
  /** `error.data.code` of a refusal. */
  readonly code: string | undefined;
}

export interface Call {
  readonly method?: string;
  /** A list `[name, value, name, value]` sends names as often and in such spelling as it has them. */
  readonly headers?: Readonly<Record<string, string>> | readonly string[];
  /** Anything but a string or bytes is sent as JSON. */
  readonly body?: unknown;
  readonly path?: string;
  readonly signal?: AbortSignal;
}

const MCP_HEADERS = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
} as const;

/** One HTTP request, read to its end. MCP's `Accept` and `Content-Type` go along unless `headers` is a list. */
export async function call(
  url: URL,
  { method = 'POST', headers = {}, body, path, signal }: Call = {},
): Promise<Reply> {
  const response = await open(url, {
    method,
    headers,
    body,
    ...(path && { path }),
    ...(signal && { signal }),
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {}
  const { rawHeaders } = response;
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    challenges: rawHeaders.filter(
      (_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'www-authenticate',
    ),
    text,
    json,
    code: (json as { error?: { data?: { code?: string } } } | undefined)?.error?.data?.code,
  };
}

/** The same, but hands over the response as soon as its head is there: for streams. */
export function open(
  url: URL,
  { method = 'POST', headers = {}, body, path, signal }: Call = {},
): Promise<IncomingMessage> {
  const list = Array.isArray(headers);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: url.hostname,
        port: url.port,
        path: path ?? url.pathname + url.search,
        method,
        agent: false,
        ...(signal && { signal }),
        headers: list
          ? (['Host', url.host, ...headers] as unknown as Record<string, string>)
          : { ...MCP_HEADERS, ...headers },
      },
      resolve,
    );
    outgoing.on('error', reject);
    if (body === undefined) outgoing.end();
    else outgoing.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
}

export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

export const initialize = (id: string | number = 1): object => ({
  jsonrpc: '2.0',
  id,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
});

export const toolCall = (name: string, args: object = {}, id: string | number = 2): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});
