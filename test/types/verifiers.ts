// What a user may supply as a verifier.
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import {
  type BasicCredentials,
  type BearerCredentials,
  type CredentialVerifier,
  fromPassportVerify,
  McpGuardError,
  mcpBasicAuth,
  mcpBearerAuth,
  type PassportDone,
  type Principal,
  type SessionContext,
  type SessionEndReason,
  type VerifierOption,
  type VerifyContext,
} from 'express-mcp-guards';
import { type JwtClaims, jwtVerifier } from 'express-mcp-guards/jwt';
import { hashPassword, passwordVerifier, verifyPassword } from 'express-mcp-guards/passwords';

class Directory implements CredentialVerifier<BasicCredentials> {
  async verify({ username, password }: BasicCredentials, { request, signal }: VerifyContext) {
    signal.throwIfAborted();
    if (request.ip === undefined) throw new McpGuardError('forbidden');
    return password === 'right' ? { subject: username, scopes: ['read'] as const } : null;
  }

  isActive({ subject }: Principal): boolean {
    return subject !== 'gone';
  }

  async startSession(principal: Principal, { sessionId, credentials, request }: SessionContext) {
    const name = credentials && 'username' in credentials ? credentials.username : credentials?.token;
    return { ...principal, token: `${sessionId} ${name} ${request?.ip}` };
  }

  endSession(principal: Principal, { reason }: SessionContext & { reason: SessionEndReason }): void {
    console.log(principal.subject, reason);
  }
}

const asFunction: VerifierOption<BasicCredentials> = async ({ username }) => ({ subject: username });
const asObject: VerifierOption<BearerCredentials> = { verify: ({ token }) => ({ subject: 'ada', token }) };
const asClass: VerifierOption<BasicCredentials> = new Directory();
const withThenable: VerifierOption<BasicCredentials> = () => Promise.resolve(null) as PromiseLike<null>;

const oauth: OAuthTokenVerifier = {
  async verifyAccessToken(token): Promise<AuthInfo> {
    return { token, clientId: 'desktop', scopes: ['mcp'], extra: { sub: 'ada' } };
  },
};

type OldUser = { readonly id: number };
const oldBasic = (user: string, password: string, done: PassportDone<OldUser>): void => {
  if (user === '') done(new Error('down'));
  else if (password === 'right') done(null, { id: 1 });
  else done(null, false, { message: 'no' });
};
const toPrincipal = ({ id }: OldUser): Principal => ({ subject: String(id) });

export const guards = [
  mcpBasicAuth({ verifier: asFunction }),
  mcpBearerAuth({ verifier: asObject }),
  mcpBasicAuth({ verifier: asClass }),
  mcpBasicAuth({ verifier: withThenable }),
  mcpBasicAuth({ verifier: new Directory() }),
  mcpBearerAuth({ verifier: oauth }),
  mcpBearerAuth({
    verifier: oauth,
    toPrincipal: ({ clientId, extra }) => ({ subject: `${clientId} ${extra?.uid}` }),
  }),
  mcpBasicAuth({ verifier: fromPassportVerify(oldBasic, toPrincipal) }),
  mcpBearerAuth({
    verifier: fromPassportVerify(
      (token: string, done: PassportDone<OldUser>) => done(null, { id: token.length }),
      toPrincipal,
    ),
  }),
  mcpBasicAuth({
    verifier: passwordVerifier({
      findUser: async (username) => ({
        passwordHash: null,
        principal: { subject: username },
        disabled: false,
      }),
      parameters: { ln: 15 },
      isActive: async () => true,
      startSession: (principal) => principal,
    }),
  }),
  mcpBearerAuth({
    verifier: jwtVerifier({
      issuer: 'https://id.example',
      audience: ['https://wiki.example.com/mcp'],
      keys: new URL('https://id.example/jwks.json'),
      tokenType: 'at+jwt',
      toPrincipal: ({ sub }: JwtClaims, token) => ({ subject: sub, token }),
      isActive: ({ subject }) => subject !== 'gone',
      clockToleranceSeconds: 5,
    }),
  }),
];

export const hash: Promise<string> = hashPassword('correct horse', { ln: 15, r: 8, p: 3 });
export const matches: Promise<boolean> = verifyPassword('correct horse', '$scrypt$…');
