// Every guard, with nothing and with everything it takes.
import type { RequestHandler } from 'express';
import express from 'express';
import {
  type GuardEvent,
  type LoginKeyName,
  McpGuardError,
  type McpGuardErrorCode,
  MemoryLoginStore,
  MemorySessionStore,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpRequireAuth,
  mcpServiceAccount,
  mcpSessionBinding,
  mcpTlsGuard,
  mcpTokenGuard,
  onGuardEvent,
  type ProofCacheOption,
  type SessionBinding,
  type SessionRecord,
} from 'express-mcp-guards';

const keys: LoginKeyName[] = ['ip', 'ip+account', 'account'];
const proofCache: ProofCacheOption = { ttlSeconds: 30, max: 100 };

const bare: RequestHandler[] = [
  mcpOriginGuard(),
  mcpTlsGuard(),
  mcpLoginLimiter(),
  mcpTokenGuard({ token: 'secret' }),
  mcpBasicAuth({ verifier: () => null }),
  mcpBearerAuth({ verifier: () => null }),
  mcpServiceAccount({ principal: { subject: 'reader' } }),
  mcpRequireAuth(),
  mcpSessionBinding(),
];

const full: RequestHandler[] = [
  mcpOriginGuard({ allowedHosts: ['wiki.example.com'], allowedOrigins: ['https://wiki.example.com'] }),
  mcpTlsGuard({ dangerouslyAllowHttp: true }),
  mcpLoginLimiter({
    points: 5,
    durationSeconds: 60,
    keys,
    store: new MemoryLoginStore({ maxKeys: 1000 }),
    clientKey: ({ ip, headers }) => `${ip} ${headers.host}`,
    maxWaiting: 64,
  }),
  mcpTokenGuard({ token: ['new', 'old'], header: 'X-Team-Token', realm: 'team' }),
  mcpTokenGuard({ token: async () => ['new', 'old'] }),
  mcpBasicAuth({
    verifier: { verify: ({ username }) => ({ subject: username }) },
    realm: 'wiki',
    proofCache,
    timeoutMs: 5000,
    maxConcurrent: 8,
    maxPasswordBytes: 1024,
  }),
  mcpBearerAuth({
    verifier: { verify: async ({ token }) => (token === 'right' ? { subject: 'ada', token } : null) },
    realm: 'wiki',
    requiredScopes: ['mcp'],
    resourceMetadataUrl: 'https://wiki.example.com/.well-known/oauth-protected-resource',
    expectedResource: 'https://wiki.example.com/mcp',
    proofCache: false,
    timeoutMs: 5000,
    maxConcurrent: 64,
  }),
];

const sessions: SessionBinding = mcpSessionBinding({
  store: new MemorySessionStore(),
  idleSeconds: 1800,
  absoluteSeconds: 43_200,
  maxSessions: 10_000,
  maxSessionsPerPrincipal: 32,
  onLimit: 'refuse',
  recheckSeconds: 30,
  onStoreDown: 'refuse',
});
const listed: Promise<readonly SessionRecord[]> = sessions.list({ tenant: 'north' });
const ended: Promise<number>[] = [
  sessions.revoke({ sessionId: 'id' }),
  sessions.revoke({ subject: 'ada', issuer: 'https://id.example', tenant: 'north' }),
];
const closed: Promise<void> = sessions.close();

const app = express();
app.use(...bare).use('/mcp', ...full, sessions);
app.post('/mcp', full, sessions);
express.Router().use(mcpOriginGuard(), sessions);

const stop: () => void = onGuardEvent((event: GuardEvent) => {
  const { at, guard, principal = '', session = '', client = '' } = event;
  const shared: [number, string, string, string, string] = [at, guard, principal, session, client];
  switch (event.type) {
    case 'auth.throttled':
      return void [event.retryAfterSeconds.toFixed(), shared];
    case 'auth.failed':
    case 'auth.unavailable':
    case 'session.refused':
    case 'session.ended':
    case 'server.failed':
      return void event.reason.length;
    default:
      return void (event.type satisfies 'auth.succeeded' | 'session.restored' | 'session.started');
  }
});

const code: McpGuardErrorCode = new McpGuardError('forbidden', { cause: 'policy' }).code;

export { closed, code, ended, listed, stop };
