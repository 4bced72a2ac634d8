import type { BasicCredentials, BearerCredentials, CredentialVerifier, Principal } from 'express-mcp-guards';
import { jwtVerifier } from 'express-mcp-guards/jwt';
import { passwordVerifier } from 'express-mcp-guards/passwords';
import { InvalidConfig } from '../config.js';
import type { SessionAudit } from '../users/audit.js';
import { type AccessTokens, accessTokenClaims } from '../users/tokens.js';
import type { UserStore } from '../users/user-store.js';
import { SERVICE_ACCOUNT } from './acting-caller.js';

export interface VerifierParts {
  readonly users: UserStore;
  readonly tokens: AccessTokens;
  readonly audit: SessionAudit;
  /** What access tokens are signed with. */
  readonly secret: Uint8Array;
}

/** Basic: e-mail and password. The session's login issues the access JWT that the tools act with. */
export function basicVerifier({ users, tokens, audit }: VerifierParts): CredentialVerifier<BasicCredentials> {
  return passwordVerifier({
    async findUser(email) {
      const user = await users.findByEmail(email);
      return user && { ...user, principal: principalOf(user.id) };
    },
    isActive: ({ subject }) => users.isEnabled(subject),
    async startSession(principal, { sessionId }) {
      const issued = await tokens.issue(principal.subject);
      await audit.started(sessionId, principal.subject, 'basic');
      return { ...principal, ...issued };
    },
    endSession: (_principal, { sessionId, reason }) => audit.ended(sessionId, reason),
  });
}

/** Bearer: an access JWT of the wiki itself. It is what the tools act with, so a session's login adds nothing to it. */
export function bearerVerifier({
  users,
  audit,
  secret,
}: VerifierParts): CredentialVerifier<BearerCredentials> {
  return {
    ...jwtVerifier({
      ...accessTokenClaims,
      keys: secret,
      isActive: ({ subject }) => users.isEnabled(subject),
    }),
    startSession: (principal, { sessionId }) => audit.started(sessionId, principal.subject, 'bearer'),
    endSession: (_principal, { sessionId, reason }) => audit.ended(sessionId, reason),
  };
}

/** The account that clients without credentials act as; it needs no password, only the operator's word. */
export async function serviceAccount(users: UserStore, email: string): Promise<Principal> {
  const user = await users.findByEmail(email);
  if (user === undefined || user.disabled)
    throw new InvalidConfig(`WIKI_SERVICE_ACCOUNT: no enabled user ${email}`);
  return { ...principalOf(user.id), clientId: SERVICE_ACCOUNT };
}

/** The same person whichever way they came in: Basic and Bearer give one identity. */
function principalOf(userId: string): Principal {
  return { subject: userId, issuer: accessTokenClaims.issuer };
}
