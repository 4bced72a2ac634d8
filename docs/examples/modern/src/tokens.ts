import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';

/** What every access token says of itself; the guard checks the same. */
export const accessTokenClaims = { issuer: 'notes', audience: 'notes-mcp', tokenType: 'at+jwt' } as const;

/** An access token as an authorization server would issue it (RFC 9068). */
export function issueToken(secret: Uint8Array, userId: string, lifetimeSeconds: number): Promise<string> {
  const { issuer, audience, tokenType } = accessTokenClaims;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: tokenType })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(userId)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(secret);
}
