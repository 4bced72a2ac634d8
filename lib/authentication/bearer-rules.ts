import { formatChallenge } from '../http/challenge.js';
import type { Challenge } from '../http/denial.js';
import type { Principal } from '../types.js';

/** MCP: a token issued for another resource, or for none, must be refused. The audience is the claim `aud`. */
export function isIssuedFor({ claims }: Principal, resource: URL): boolean {
  const audiences: readonly unknown[] = [claims?.aud].flat();
  return audiences.some(
    (audience) =>
      typeof audience === 'string' && URL.canParse(audience) && new URL(audience).href === resource.href,
  );
}

export interface BearerChallengeOptions {
  readonly realm: string;
  readonly requiredScopes: readonly string[];
  readonly resourceMetadataUrl: string | undefined;
}

/** RFC 6750 §3 and RFC 9728 §5.1. Throws `TypeError` for what no header can carry. */
export function bearerChallenge({
  realm,
  requiredScopes,
  resourceMetadataUrl,
}: BearerChallengeOptions): Challenge {
  const build = (error?: string): string =>
    formatChallenge('Bearer', {
      realm,
      error,
      scope: requiredScopes.length > 0 ? requiredScopes.join(' ') : undefined,
      resource_metadata: resourceMetadataUrl,
    });
  return {
    scheme: 'bearer',
    plain: build(),
    invalid: build('invalid_token'),
    insufficientScope: build('insufficient_scope'),
  };
}
