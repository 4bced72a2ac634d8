import type { Era } from './finding.js';
import type { HeaderLines } from './headers.js';

export const LEGACY: Era = '2025-11-25';
export const MODERN: Era = '2026-07-28';

/** One JSON-RPC message, and the headers that MCP wants beside it. */
export interface Message {
  readonly method: string;
  /** Absent from a notification. */
  readonly id?: string;
  readonly headers: HeaderLines;
  readonly body: string;
}

const CLIENT = { name: 'express-mcp-guards-audit', version: '1' };
const PREFIX = 'io.modelcontextprotocol/';
const META = {
  [`${PREFIX}protocolVersion`]: MODERN,
  [`${PREFIX}clientInfo`]: CLIENT,
  [`${PREFIX}clientCapabilities`]: {},
};

let count = 0;
const nextId = (): string => {
  count += 1;
  return `audit-${count}`;
};

function request(method: string, params: object | undefined, headers: HeaderLines): Message {
  const id = nextId();
  return { method, id, headers, body: JSON.stringify({ jsonrpc: '2.0', id, method, params }) };
}

const modern = (method: string): Message =>
  request(method, { _meta: META }, [
    ['MCP-Protocol-Version', MODERN],
    ['Mcp-Method', method],
  ]);

const IN_SESSION: HeaderLines = [['MCP-Protocol-Version', LEGACY]];

/** MCP 2025-11-25, lifecycle: what begins a session. */
export const initialize = (): Message =>
  request('initialize', { protocolVersion: LEGACY, capabilities: {}, clientInfo: CLIENT }, []);

/** MCP 2025-11-25, ping: every server answers it, and it does nothing. */
export const ping = (): Message => request('ping', undefined, IN_SESSION);

/** A notification without effect: it cancels a request that nobody has sent. */
export const cancelled = (): Message => notification('notifications/cancelled', { requestId: nextId() });

export const initialized = (): Message => notification('notifications/initialized', undefined);

/** What a client of an era sends first. */
export const opening = (era: Era): Message => (era === LEGACY ? initialize() : modern('server/discover'));

export const toolsList = (era: Era): Message =>
  era === LEGACY ? request('tools/list', {}, IN_SESSION) : modern('tools/list');

function notification(method: string, params: object | undefined): Message {
  return { method, headers: IN_SESSION, body: JSON.stringify({ jsonrpc: '2.0', method, params }) };
}
