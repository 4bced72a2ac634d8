import type { RequestHandler } from 'express';

import { hideCredentials } from '../authentication/auth-info.js';
import { bearerChallenge, isIssuedFor } from '../authentication/bearer-rules.js';
import { defineAuthGuard } from '../authentication/define-auth-guard.js';
import { presentAuthorization } from '../authentication/presented.js';
import { type ProofCacheOption, proofCacheOf, proofCacheRule } from '../authentication/proof-cache-option.js';
import { bearerStrategy } from '../authentication/strict-strategies.js';
import {
  asVerifier,
  fromTokenVerifier,
  hooksOf,
  isTokenVerifier,
  type TokenVerifier,
  verifierRule,
} from '../authentication/verifier.js';
import { fingerprint } from '../credentials/fingerprint.js';
import { Prover } from '../credentials/prover.js';
import { parseBearer } from '../http/authorization.js';
import { checkOptions, type OptionRule, rule } from '../options.js';
import type { AuthInfo, BearerCredentials, Principal, VerifierOption } from '../types.js';

export interface BearerAuthOptions {
  /** Required. Proves an access token; the SDK's `OAuthTokenVerifier` is taken as it is. */
  readonly verifier: VerifierOption<BearerCredentials> | TokenVerifier;
  /** Default `mcp`. */
  readonly realm?: string;
  /** Scopes that every request needs; 403 `insufficient_scope` without. */
  readonly requiredScopes?: readonly string[];
  /** Where clients find the RFC 9728 metadata of this resource. */
  readonly resourceMetadataUrl?: string;
  /** This server's resource identifier (RFC 8707): a token issued for another, or for none, is refused. */
  readonly expectedResource?: string;
  /** With the SDK's verifier: who the caller is. Default: the subject is `extra.sub`. */
  readonly toPrincipal?: (authInfo: AuthInfo) => Principal;
  /** Default `{ ttlSeconds: 60, max: 10_000 }`; `false` verifies on every request. */
  readonly proofCache?: ProofCacheOption;
  /** How long a verification, or `isActive`, may take. Default 5000. */
  readonly timeoutMs?: number;
  /** Verifications that run at once; beyond it 503. Default 64. */
  readonly maxConcurrent?: number;
}

const url: OptionRule = {
  must: 'an absolute URL',
  test: (value) => rule.text.test(value) && URL.canParse(String(value)),
};

/**
 * Proves Bearer access tokens (RFC 6750, from the header alone) and makes the request run as their principal.
 * Acts only on the scheme `Bearer`. Throws `TypeError` for bad options.
 *
 * @example
 * app.use('/mcp', mcpBearerAuth({ verifier: ({ token }) => tokens.find(token), requiredScopes: ['mcp'] }));
 */
export function mcpBearerAuth(options: BearerAuthOptions): RequestHandler {
  checkOptions('mcpBearerAuth', options, {
    verifier: {
      ...verifierRule,
      must: `${verifierRule.must}, or one with verifyAccessToken`,
      test: (value) => verifierRule.test(value) || isTokenVerifier(value),
    },
    realm: rule.text,
    requiredScopes: rule.texts,
    resourceMetadataUrl: url,
    expectedResource: url,
    toPrincipal: rule.callback,
    proofCache: proofCacheRule,
    timeoutMs: rule.milliseconds,
    maxConcurrent: rule.count,
  });
  const { realm = 'mcp', requiredScopes = [], resourceMetadataUrl, toPrincipal } = options;
  const { timeoutMs = 5000, maxConcurrent = 64 } = options;
  if (toPrincipal && !isTokenVerifier(options.verifier)) {
    throw new TypeError(
      'mcpBearerAuth: option "toPrincipal" must come with a verifier that has verifyAccessToken',
    );
  }
  const verifier = isTokenVerifier(options.verifier)
    ? fromTokenVerifier(options.verifier, toPrincipal && ((info) => toPrincipal(info as AuthInfo)))
    : asVerifier(options.verifier);
  const resource = options.expectedResource === undefined ? undefined : new URL(options.expectedResource);
  const run = bearerStrategy(async (credentials, context) => {
    const answer = await verifier.verify(hideCredentials(credentials), context);
    return answer && resource && !isIssuedFor(answer, resource) ? null : answer;
  });
  const challenge = bearerChallenge({ realm, requiredScopes, resourceMetadataUrl });

  return defineAuthGuard<BearerCredentials>({
    name: 'mcpBearerAuth',
    challenge,
    prover: new Prover({
      owner: 'mcpBearerAuth',
      proofCache: proofCacheOf(options.proofCache),
      timeoutMs,
      maxConcurrent,
      isActive: verifier.isActive?.bind(verifier),
      hooks: hooksOf(verifier),
    }),
    present: (request, state) =>
      presentAuthorization(request, state, 'bearer', (value) => {
        const credentials = parseBearer(value);
        return (
          credentials && {
            key: fingerprint(credentials.token),
            credentials,
            token: credentials.token,
            ...(resource && { resource }),
          }
        );
      }),
    verify: (_credentials, context) => run(context),
    authorize: ({ scopes = [] }) =>
      requiredScopes.every((scope) => scopes.includes(scope))
        ? undefined
        : { code: 'insufficient_scope', failed: challenge },
  });
}
