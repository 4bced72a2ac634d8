import { expect } from 'chai';

import type { McpGuardErrorCode } from '../../lib/index.js';
import type { Reply } from './call.js';

/** The wire contract, spelled out: HTTP status, JSON-RPC code and message of every refusal. */
export const REFUSALS: Readonly<Record<McpGuardErrorCode, readonly [number, number, string]>> = {
  missing_credentials: [401, -32001, 'Authentication required'],
  malformed_credentials: [401, -32001, 'The presented credential cannot be used'],
  invalid_credentials: [401, -32001, 'The presented credential is not valid'],
  invalid_mcp_token: [401, -32001, 'The MCP token is missing or not valid'],
  ambiguous_credentials: [400, -32600, 'Credentials must be presented once, in one header'],
  forbidden: [403, -32003, 'Access refused'],
  insufficient_scope: [403, -32003, 'The credential lacks a required scope'],
  too_many_attempts: [429, -32029, 'Too many failed attempts'],
  unavailable: [503, -32004, 'Temporarily unavailable'],
  session_not_found: [404, -32001, 'Session not found'],
  invalid_session_id: [400, -32600, 'The session id is not valid'],
  session_required: [400, -32000, 'A session id is required'],
  session_limit: [503, -32004, 'Session limit reached'],
  invalid_body: [400, -32700, 'The body is not a JSON-RPC message'],
  body_too_large: [413, -32600, 'The body is too large'],
  unsupported_media_type: [415, -32600, 'The body must be application/json'],
  body_timeout: [408, -32600, 'The body took too long to arrive'],
  method_not_allowed: [405, -32000, 'Method not allowed'],
  not_acceptable: [406, -32000, 'The client must accept application/json and text/event-stream'],
  forbidden_origin: [403, -32000, 'Host or Origin not allowed'],
  tls_required: [403, -32000, 'HTTPS required'],
  closing: [503, -32004, 'The server is shutting down'],
};

export interface RefusalDetails {
  /** The `WWW-Authenticate` lines, in order. Default: none. */
  readonly challenges?: readonly string[];
  /** Default: `'1'` with 429 and 503, else none. */
  readonly retryAfter?: string;
  readonly allow?: string;
}

/** Asserts a refusal in full: status, body, and every header that a refusal may carry. */
export function expectRefusal(reply: Reply, code: McpGuardErrorCode, details: RefusalDetails = {}): void {
  const [status, rpcCode, message] = REFUSALS[code];
  const body = { jsonrpc: '2.0', error: { code: rpcCode, message, data: { code } }, id: null };
  expect({ status: reply.status, text: reply.text }).to.deep.equal({ status, text: JSON.stringify(body) });
  const { headers } = reply;
  const retryAfter = details.retryAfter ?? (status === 429 || status === 503 ? '1' : undefined);
  expect({
    type: headers['content-type'],
    cache: headers['cache-control'],
    length: headers['content-length'],
    retryAfter: headers['retry-after'],
    allow: headers.allow,
    session: headers['mcp-session-id'],
    challenges: reply.challenges,
  }).to.deep.equal({
    type: 'application/json',
    cache: 'no-store',
    length: String(Buffer.byteLength(reply.text)),
    retryAfter,
    allow: details.allow,
    session: undefined,
    challenges: details.challenges ?? [],
  });
}

export const BASIC = 'Basic realm="mcp", charset="UTF-8"';
export const BEARER = 'Bearer realm="mcp"';
export const INVALID_TOKEN = 'Bearer realm="mcp", error="invalid_token"';
