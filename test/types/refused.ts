// What must not compile; a line that does makes the directive above it an error.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  type CredentialVerifier,
  McpGuardError,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpPassport,
  mcpServiceAccount,
  mcpSessionBinding,
  mcpTokenGuard,
  onGuardEvent,
  type Principal,
  type SessionRecord,
} from 'express-mcp-guards';
// @ts-expect-error: folders are not exported
import type { GuardAct } from 'express-mcp-guards/dist/guard.js';
import { jwtVerifier } from 'express-mcp-guards/jwt';
import { passwordVerifier } from 'express-mcp-guards/passwords';

const verifier = () => null;
const createServer = () => new McpServer({ name: 'wiki', version: '1.0.0' });

// @ts-expect-error: unknown option
mcpOriginGuard({ allowedHost: ['wiki.example.com'] });
// @ts-expect-error: unknown option
mcpBasicAuth({ verifier, proofCacheSeconds: 5 });
// @ts-expect-error: unknown option of the proof cache
mcpBasicAuth({ verifier, proofCache: { ttl: 5 } });
// @ts-expect-error: the proof cache has no "on"
mcpBasicAuth({ verifier, proofCache: true });
// @ts-expect-error: no verifier
mcpBasicAuth({});
// @ts-expect-error: no options
mcpBasicAuth();
// @ts-expect-error: no token
mcpTokenGuard({ realm: 'team' });
// @ts-expect-error: not a limiter key
mcpLoginLimiter({ keys: ['email'] });
// @ts-expect-error: a number of seconds, not text
mcpSessionBinding({ idleSeconds: '1800' });
// @ts-expect-error: neither of the two
mcpSessionBinding({ onLimit: 'evict-any' });
// @ts-expect-error: the handler keeps no sessions of its own
mcpHandler({ createServer, sessionIdGenerator: () => '1' });
// @ts-expect-error: not an MCP server
mcpHandler({ createServer: () => ({}) });
// @ts-expect-error: who the user is must be said
mcpPassport({ authenticate: () => {} }, { scheme: 'Basic' });
// @ts-expect-error: not a strategy
mcpPassport({}, { scheme: 'Basic', toPrincipal: () => ({ subject: 'ada' }) });
// @ts-expect-error: what tokens are for cannot be left out
jwtVerifier({ issuer: 'https://id.example', keys: 'secret', tokenType: 'at+jwt' });
// @ts-expect-error: a user has a principal
passwordVerifier({ findUser: () => ({ passwordHash: null }) });

// @ts-expect-error: nobody without a subject
mcpServiceAccount({ principal: { tenant: 'north' } });
// @ts-expect-error: a subject is text
export const numbered: Principal = { subject: 1 };
// @ts-expect-error: a principal has no other fields
export const wider: Principal = { subject: 'ada', email: 'ada@example.com' };

// @ts-expect-error: true is nobody
mcpBasicAuth({ verifier: () => true });
// @ts-expect-error: undefined is no verdict
mcpBasicAuth({ verifier: async () => undefined });
// @ts-expect-error: false is no verdict
mcpBearerAuth({ verifier: { verify: async () => false } });
// @ts-expect-error: a Basic credential has no token
mcpBasicAuth({ verifier: ({ token }) => ({ subject: token }) });
// @ts-expect-error: a verifier verifies
mcpBasicAuth({ verifier: { isActive: () => true } });
// @ts-expect-error: active or not
export const vague: CredentialVerifier<never> = { verify: () => null, isActive: () => 'yes' };

// @ts-expect-error: not a code
new McpGuardError('nope');
onGuardEvent((event) => {
  // @ts-expect-error: no event carries a credential
  console.log(event.token);
});
// @ts-expect-error: all sessions of everybody are not revoked by an empty filter
mcpSessionBinding().revoke({});

export function change(principal: Principal, record: SessionRecord): void {
  // @ts-expect-error: read-only
  principal.subject = 'mallory';
  // @ts-expect-error: read-only
  record.principal = principal;
}

// @ts-expect-error: not public
export type Inner = typeof import('express-mcp-guards').defineGuard;
export type { GuardAct };
