export {
  type ForwardedCredentialsInit,
  forwardedCredentials,
} from './authentication/forwarded-credentials.js';
export { fromPassportVerify, type PassportDone } from './authentication/from-passport-verify.js';
export type { ProofCacheOption } from './authentication/proof-cache-option.js';
export type { PassportStrategy } from './authentication/strategy-runner.js';
export type { TokenInfo, TokenVerifier } from './authentication/verifier.js';
export type { LoginKeyName } from './credentials/login-limiter.js';
export { MemoryLoginStore, type MemoryLoginStoreOptions } from './credentials/memory-login-store.js';
export { guardErrorCodes, isGuardError, McpGuardError, type McpGuardErrorCode } from './errors.js';
export { type GuardEvent, type GuardEventReason, onGuardEvent } from './events.js';
export { type BasicAuthOptions, mcpBasicAuth } from './guards/basic-auth.js';
export { type BearerAuthOptions, mcpBearerAuth } from './guards/bearer-auth.js';
export { type ForwardedCredentialsOptions, mcpForwardedCredentials } from './guards/forwarded-credentials.js';
export { type LoginLimiterOptions, mcpLoginLimiter } from './guards/login-limiter.js';
export { mcpOriginGuard, type OriginGuardOptions } from './guards/origin-guard.js';
export { mcpPassport, type PassportOptions } from './guards/passport.js';
export { mcpRequireAuth } from './guards/require-auth.js';
export { mcpServiceAccount, type ServiceAccountOptions } from './guards/service-account.js';
export {
  mcpSessionBinding,
  type SessionBinding,
  type SessionBindingOptions,
} from './guards/session-binding.js';
export { mcpTlsGuard, type TlsGuardOptions } from './guards/tls-guard.js';
export { mcpTokenGuard, type TokenGuardOptions } from './guards/token-guard.js';
export type { CreateServerContext } from './handler/create-server.js';
export type { CloseOptions, HandlerOptions, McpHandler } from './handler/handler-options.js';
export { type LegacySseOptions, mcpLegacySse } from './handler/legacy-sse.js';
export { type McpHandlerOptions, mcpHandler } from './handler/mcp-handler.js';
export type { ConnectableServer, EventStore } from './handler/sdk.js';
export { type ServeStdioOptions, serveStdio } from './handler/serve-stdio.js';
export type { StdioOptions, StdioServing } from './handler/stdio.js';
export { getPrincipal } from './request-state.js';
export { MemorySessionStore } from './sessions/memory-session-store.js';
export type { RevocationTarget, SessionOperations } from './sessions/operations.js';
export { currentPrincipal } from './sessions/principal-context.js';
export type * from './types.js';
