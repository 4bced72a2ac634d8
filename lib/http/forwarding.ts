import { headerValues } from './headers.js';
import { loopbackHosts } from './host.js';
import { isToken } from './token.js';

/** Of one hop, or of the message itself (RFC 9110 §7.6.1, §7.2, §8.6): never a caller's to choose. */
const TRANSPORT: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['content-length'],
]);

/** What is meant for this server: MCP's own, the shared secret, and what a browser sends without being asked. */
const OURS: ReadonlySet<string> = new Set([
  ...['accept', 'content-type', 'content-encoding', 'last-event-id', 'x-mcp-token', 'cookie', 'origin'],
]);

/** Whether the header `name` (lower case) belongs to one hop and not to the message. */
export function isTransportHeader(name: string): boolean {
  return TRANSPORT.has(name) || name.startsWith('proxy-');
}

/** Whether the header `name`, in any case, may go from a client to an upstream as a credential. */
export function isForwardable(name: string): boolean {
  const key = name.toLowerCase();
  return isToken(name) && !isTransportHeader(key) && !OURS.has(key) && !key.startsWith('mcp-');
}

/**
 * An origin as it was configured: `https`, or `http` on a loopback name, with nothing after it but one slash, spelled
 * as URLs spell it (lower case, no default port). `undefined` for anything else.
 */
export function parseUpstream(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, protocol, hostname } = new URL(text);
  if (text !== origin && text !== `${origin}/`) return undefined;
  const isLocal = protocol === 'http:' && loopbackHosts.includes(hostname);
  return protocol === 'https:' || isLocal ? origin : undefined;
}

/** Field values as RFC 9110 §5.5 has them; a lenient parser lets others through. */
const FIELD_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

export function isFieldValue(value: unknown): boolean {
  return typeof value === 'string' && FIELD_VALUE.test(value);
}

/** What a request carries of the headers `names`: `'none'` of them, one of them `'twice'`, or which and what. */
export function takeHeaders(
  rawHeaders: readonly string[],
  names: readonly string[],
): 'none' | 'twice' | 'unusable' | ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  for (const name of names) {
    const [value, second] = headerValues(rawHeaders, name);
    if (second !== undefined) return 'twice';
    if (value !== undefined) taken.set(name, value);
  }
  if (![...taken.values()].every(isFieldValue)) return 'unusable';
  return taken.size === 0 ? 'none' : taken;
}
