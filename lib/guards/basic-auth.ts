import type { RequestHandler } from 'express';
import { hideCredentials } from '../authentication/auth-info.js';

import { defineAuthGuard } from '../authentication/define-auth-guard.js';
import { type Presented, presentAuthorization } from '../authentication/presented.js';
import { type ProofCacheOption, proofCacheOf, proofCacheRule } from '../authentication/proof-cache-option.js';
import { basicStrategy } from '../authentication/strict-strategies.js';
import { asVerifier, hooksOf, verifierRule } from '../authentication/verifier.js';
import { fingerprint } from '../credentials/fingerprint.js';
import { Prover } from '../credentials/prover.js';
import { accountKey } from '../http/account-key.js';
import { parseBasic } from '../http/authorization.js';
import { formatChallenge } from '../http/challenge.js';
import { checkOptions, rule } from '../options.js';
import type { BasicCredentials, VerifierOption } from '../types.js';

export interface BasicAuthOptions {
  /** Required. Proves a user name and password. */
  readonly verifier: VerifierOption<BasicCredentials>;
  /** Default `mcp`. */
  readonly realm?: string;
  /** Default `{ ttlSeconds: 60, max: 10_000 }`; `false` verifies on every request. */
  readonly proofCache?: ProofCacheOption;
  /** How long a verification, or `isActive`, may take. Default 5000. */
  readonly timeoutMs?: number;
  /** Verifications that run at once; beyond it 503. Default 8. */
  readonly maxConcurrent?: number;
  /** Longer passwords (UTF-8 bytes) are refused unread. Default 1024. */
  readonly maxPasswordBytes?: number;
}

/**
 * Proves HTTP Basic credentials (RFC 7617) and makes the request run as their principal.
 * Acts only on the scheme `Basic`; a Basic credential it cannot prove is 401 and never falls back to anything.
 * Throws `TypeError` for bad options.
 *
 * @example
 * app.use('/mcp', mcpBasicAuth({ verifier: ({ username, password }) => users.check(username, password) }));
 */
export function mcpBasicAuth(options: BasicAuthOptions): RequestHandler {
  checkOptions('mcpBasicAuth', options, {
    verifier: verifierRule,
    realm: rule.text,
    proofCache: proofCacheRule,
    timeoutMs: rule.milliseconds,
    maxConcurrent: rule.count,
    maxPasswordBytes: rule.count,
  });
  const { realm = 'mcp', timeoutMs = 5000, maxConcurrent = 8, maxPasswordBytes = 1024 } = options;
  const verifier = asVerifier(options.verifier);
  const run = basicStrategy((credentials, context) => verifier.verify(hideCredentials(credentials), context));

  const present = (value: string): Presented<BasicCredentials> | undefined => {
    const credentials = parseBasic(value);
    if (!credentials || Buffer.byteLength(credentials.password) > maxPasswordBytes) return undefined;
    const { username, password } = credentials;
    const account = accountKey(username);
    return account === undefined ? undefined : { key: fingerprint(username, password), account, credentials };
  };

  return defineAuthGuard({
    name: 'mcpBasicAuth',
    challenge: { scheme: 'basic', plain: formatChallenge('Basic', { realm, charset: 'UTF-8' }) },
    prover: new Prover({
      owner: 'mcpBasicAuth',
      proofCache: proofCacheOf(options.proofCache),
      timeoutMs,
      maxConcurrent,
      isActive: verifier.isActive?.bind(verifier),
      hooks: hooksOf(verifier),
    }),
    present: (request, state) => presentAuthorization(request, state, 'basic', present),
    verify: (_credentials, context) => run(context),
  });
}
