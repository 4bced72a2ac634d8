import type { RequestHandler } from 'express';

import {
  type BasicCredentials,
  type LoginStore,
  type McpGuardErrorCode,
  MemorySessionStore,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  type Principal,
} from '../../../lib/index.js';
import { basic, type Call, initialize, toolCall } from '../../support/call.js';
import { buildServer } from '../../support/mcp.js';
import { BASIC, BEARER, type RefusalDetails } from '../../support/refusal.js';

/** Stands in whatever a request says; no answer may hold it. */
export const CANARY = 'c4n4ry';

export interface RefusalCase extends RefusalDetails {
  readonly title: string;
  readonly code: McpGuardErrorCode;
  readonly guards: () => readonly RequestHandler[];
  /** Requests that come before; their answers do not matter. */
  readonly after?: readonly Call[];
  readonly request: Call;
}

export const ANN: Principal = { subject: 'ann' };
export const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource';
export const LISTED = { resourceMetadataUrl: METADATA };
export const BOTH = [BEARER, BASIC];
export const NEITHER: readonly string[] = [];

export const users = ({ username, password }: BasicCredentials) =>
  password === 'right' ? { subject: username } : null;
export const throwing = (error: unknown) => (): never => {
  throw error;
};
export const right = { authorization: basic(`ann-${CANARY}`, 'right') };
export const wrong = { authorization: basic(`ann-${CANARY}`, `${CANARY}-1`) };
export const token = { authorization: `Bearer ${CANARY}` };

export const handler = (options: Partial<Parameters<typeof mcpHandler>[0]> = {}): RequestHandler =>
  mcpHandler({ createServer: ({ principal }) => buildServer(principal), onError: () => {}, ...options });
/** Basic before Bearer, so that an order by mounting would show. */
export const both = (): RequestHandler[] => [
  mcpBasicAuth({ verifier: users }),
  mcpBearerAuth({ verifier: () => null }),
  handler(),
];
export const basicOnly = (verifier: Parameters<typeof mcpBasicAuth>[0]['verifier']) => () => [
  mcpBasicAuth({ verifier }),
  handler(),
];
export const bearerOnly = (options: Parameters<typeof mcpBearerAuth>[0]) => () => [
  mcpBearerAuth(options),
  handler(),
];
export const bound =
  (...after: RequestHandler[]) =>
  () => [mcpBasicAuth({ verifier: users }), mcpSessionBinding(), ...(after.length > 0 ? after : [handler()])];
export const limited = (reservation: unknown) => (): RequestHandler[] => {
  const reserve = async () => (reservation instanceof Error ? throwing(reservation)() : reservation);
  const store = { reserve, settle: async () => {} } as unknown as LoginStore;
  return [mcpLoginLimiter({ store }), mcpBasicAuth({ verifier: users })];
};
export const broken = (operation: string): MemorySessionStore =>
  Object.assign(new MemorySessionStore(), { [operation]: throwing(new Error(CANARY)) });

export const post = (headers: Record<string, string>, body: unknown = initialize(CANARY)): Call => ({
  headers,
  body,
});
export const json = (body: string, type = 'application/json'): Call => ({
  headers: { ...right, 'content-type': type },
  body,
});
export const session = (id: string, method = 'POST'): Call => ({
  method,
  headers: { ...right, 'mcp-session-id': id },
  ...(method === 'POST' && { body: toolCall('whoami', { text: CANARY }) }),
});
export const twice = (name: string, value: string): Call => ({ headers: [name, value, name, value] });
