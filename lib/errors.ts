/**
 * The closed set of refusals: HTTP status, JSON-RPC error code and the fixed text a client is told.
 * Nothing from a request is ever echoed.
 */
const REFUSALS = {
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
} as const;

/** What `data.code` of a refusal can be. */
export type McpGuardErrorCode = keyof typeof REFUSALS;

/** Every `data.code`, in the order of the documentation. */
export const guardErrorCodes: readonly McpGuardErrorCode[] = Object.keys(REFUSALS) as McpGuardErrorCode[];

const BRAND = Symbol.for('express-mcp-guards.error');

/**
 * A refusal with a code of the closed set. Throw `new McpGuardError('forbidden')` from `verify`, `startSession` or
 * `createServer` to refuse by policy (403); the `cause` stays on the server.
 * Throws `TypeError` for a code that is not in the set.
 */
export class McpGuardError extends Error {
  override readonly name = 'McpGuardError';
  readonly code: McpGuardErrorCode;
  /** HTTP status. */
  readonly status: number;
  /** JSON-RPC `error.code`. */
  readonly rpcCode: number;
  /** Seconds, for `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: McpGuardErrorCode, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    if (!Object.hasOwn(REFUSALS, code)) throw new TypeError('McpGuardError: unknown code');
    const [status, rpcCode, message] = REFUSALS[code];
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    Object.defineProperty(this, BRAND, { value: true });
    this.code = code;
    this.status = status;
    this.rpcCode = rpcCode;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Recognises a `McpGuardError` by its brand, also one of another copy of this package. */
export function isGuardError(error: unknown): error is McpGuardError {
  if (typeof error !== 'object' || error === null) return false;
  try {
    const { [BRAND]: brand, code } = error as { [BRAND]?: unknown; code?: unknown };
    return brand === true && Object.hasOwn(REFUSALS, String(code));
  } catch {
    return false;
  }
}
