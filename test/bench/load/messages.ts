import { PASSWORD, SHARED_TOKEN } from '../setting.js';

export type Headers = Readonly<Record<string, string>>;
export type Credential = 'none' | 'bearer' | 'basic';

const PROTOCOL = '2025-11-25';
const MODERN = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** The headers by which `name` shows who is calling. */
export function credentials(kind: Credential, name: string, password: string = PASSWORD): Headers {
  if (kind === 'none') return {};
  if (kind === 'bearer') return { authorization: `Bearer ${name}` };
  return { authorization: basic(name, password), 'x-mcp-token': SHARED_TOKEN };
}

/** A request as bytes, with the headers that an MCP client sends. */
export function request(method: 'POST' | 'DELETE', headers: Headers, message?: object): Buffer {
  const body = message ? Buffer.from(JSON.stringify(message)) : Buffer.alloc(0);
  const lines = Object.entries({
    host: '127.0.0.1',
    connection: 'keep-alive',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'gzip, deflate',
    'user-agent': 'bench',
    ...(message && { 'content-type': 'application/json', 'content-length': String(body.length) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} /mcp HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}

export function initialize(headers: Headers): Buffer {
  const clientInfo = { name: 'bench', version: '1.0.0' };
  const params = { protocolVersion: PROTOCOL, capabilities: {}, clientInfo };
  return request('POST', headers, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
}

export const inSession = (headers: Headers, session: string): Headers => ({
  ...headers,
  'mcp-session-id': session,
  'mcp-protocol-version': PROTOCOL,
});

export const initialized = (headers: Headers): Buffer =>
  request('POST', headers, { jsonrpc: '2.0', method: 'notifications/initialized' });

const echo = (text: string) => ({ name: 'echo', arguments: { text } });

/** A call of the tool `echo`, in the form of the 2025 era. */
export const toolCall = (headers: Headers, text: string): Buffer =>
  request('POST', headers, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: echo(text) });

/** The same in the form of 2026-07-28. */
export function modernCall(headers: Headers, text: string): Buffer {
  const params = { ...echo(text), _meta: META };
  const own = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
  return request('POST', { ...headers, ...own }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
}

export const endSession = (headers: Headers): Buffer => request('DELETE', headers);
