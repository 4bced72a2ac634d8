import { guardErrorCodes, McpGuardError, type McpGuardErrorCode } from '../errors.js';

/** What one authentication scheme says in `WWW-Authenticate`, built once. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Without `error`. */
  readonly plain: string;
  /** After a wrong credential of this scheme (RFC 6750 §3.1 `invalid_token`). */
  readonly invalid?: string;
  /** After a credential without a required scope (RFC 6750 §3.1 `insufficient_scope`). */
  readonly insufficientScope?: string;
}

/** A refusal that a guard decided on. */
export interface Denial {
  readonly code: McpGuardErrorCode;
  readonly retryAfterSeconds?: number | undefined;
  /** The scheme whose credential was refused. */
  readonly failed?: Challenge;
  /** For 405. */
  readonly allow?: string;
}

export interface DenialResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string | readonly string[]])[];
  readonly body: string;
}

/** Where no authentication guard is mounted, a 401 must still carry a challenge. */
const FALLBACK_CHALLENGE = 'Bearer realm="mcp"';
const DEFAULT_RETRY_SECONDS = 1;
/** After these the rest of the request is not worth reading. */
const CLOSES: ReadonlySet<McpGuardErrorCode> = new Set(['closing', 'body_timeout']);

/** RFC 9110 §15.5.2: a 401 carries at least one challenge; clients read only the first, so Bearer leads. */
function challengesFor({ code, failed }: Denial, met: readonly Challenge[]): readonly string[] {
  if (code === 'insufficient_scope') return failed?.insufficientScope ? [failed.insufficientScope] : [];
  if (code === 'invalid_mcp_token') return failed ? [failed.plain] : [];
  if (met.length === 0) return [FALLBACK_CHALLENGE];
  const bearerFirst = [...met].sort((a, b) => Number(b.scheme === 'bearer') - Number(a.scheme === 'bearer'));
  return bearerFirst.map((challenge) =>
    code === 'invalid_credentials' && challenge === failed && challenge.invalid
      ? challenge.invalid
      : challenge.plain,
  );
}

interface FixedPart {
  readonly status: number;
  readonly body: string;
}

const FIXED_PARTS = Object.fromEntries(guardErrorCodes.map((code) => [code, fixedPart(code)])) as Readonly<
  Record<McpGuardErrorCode, FixedPart>
>;

function fixedPart(code: McpGuardErrorCode): FixedPart {
  const { status, rpcCode, message } = new McpGuardError(code);
  const body = JSON.stringify({
    jsonrpc: '2.0',
    error: { code: rpcCode, message, data: { code } },
    id: null,
  });
  return { status, body };
}

/** What a client is told: status, headers and body, nothing of it from the request. */
export function denialResponse(denial: Denial, met: readonly Challenge[]): DenialResponse {
  const { status, body } = FIXED_PARTS[denial.code];
  const headers: [string, string | readonly string[]][] = [
    ['Content-Type', 'application/json'],
    ['Cache-Control', 'no-store'],
  ];
  if (status === 401 || denial.code === 'insufficient_scope') {
    const challenges = challengesFor(denial, met);
    if (challenges.length > 0) headers.push(['WWW-Authenticate', challenges]);
  }
  if (status === 429 || status === 503) {
    const seconds = Math.ceil(denial.retryAfterSeconds ?? DEFAULT_RETRY_SECONDS);
    // Stores that users write may answer anything, NaN included.
    const isUsable = Number.isSafeInteger(seconds) && seconds > 0;
    headers.push(['Retry-After', String(isUsable ? seconds : DEFAULT_RETRY_SECONDS)]);
  }
  if (denial.allow) headers.push(['Allow', denial.allow]);
  if (CLOSES.has(denial.code)) headers.push(['Connection', 'close']);
  return { status, headers, body };
}
