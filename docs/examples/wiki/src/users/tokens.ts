import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';

/** What every access token of this wiki says of itself; the MCP guards check the same. */
export const accessTokenClaims = { issuer: 'wiki', audience: 'wiki-api', tokenType: 'access' } as const;

export interface IssuedToken {
  readonly token: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

export interface AccessTokens {
  issue(userId: string): Promise<IssuedToken>;
  /** Whose token this is; `null` when it is not a valid access token. */
  subjectOf(token: string): Promise<string | null>;
}

/** Access JWTs (HS256). `secret`: at least 32 bytes. */
export function accessTokens(secret: Uint8Array, lifetimeSeconds: number): AccessTokens {
  const { issuer, audience, tokenType } = accessTokenClaims;
  return {
    async issue(userId) {
      const issuedAt = Math.floor(Date.now() / 1000);
      const expiresAt = issuedAt + lifetimeSeconds;
      const token = await new SignJWT({ type: tokenType })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(secret);
      return { token, expiresAt };
    },
    async subjectOf(token) {
      try {
        const { payload } = await jwtVerify(token, secret, {
          algorithms: ['HS256'],
          issuer,
          audience,
          requiredClaims: ['sub', 'exp'],
        });
        return payload.type === tokenType && payload.sub ? payload.sub : null;
      } catch (error) {
        if (error instanceof errors.JOSEError) return null;
        throw error;
      }
    },
  };
}
