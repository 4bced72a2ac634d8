import type { Request, RequestHandler } from 'express';

import { defineAuthGuard } from '../authentication/define-auth-guard.js';
import { checkForwarding, lowerCase, originsOf } from '../authentication/forwarding-options.js';
import type { Presented } from '../authentication/presented.js';
import { type ProofCacheOption, proofCacheOf } from '../authentication/proof-cache-option.js';
import { schemeChallenge } from '../authentication/scheme-challenge.js';
import { asVerifier, hooksOf } from '../authentication/verifier.js';
import { fingerprint, keyedDigest } from '../credentials/fingerprint.js';
import { holdHeaders } from '../credentials/held-headers.js';
import { Prover } from '../credentials/prover.js';
import type { Denial } from '../http/denial.js';
import { takeHeaders } from '../http/forwarding.js';
import type { ForwardedHeaders, VerifierOption } from '../types.js';

export interface ForwardedCredentialsOptions {
  /** Required. The headers to take from the client; tools see none of them. */
  readonly headers: readonly string[];
  /** Which of `headers` must be there; a request with some of them but not these is 401. Default: all. */
  readonly required?: readonly string[];
  /** Asks the upstream who this is. Without it nothing is verified, and the identity is an HMAC over all headers taken. */
  readonly identify?: VerifierOption<ForwardedHeaders>;
  /** Origins that `credentials.fetch` may send the headers to: `https`, or `http` on a loopback name. Default: none. */
  readonly upstream?: readonly string[];
  /**
   * Without `identify`: the key of that HMAC, at least 32 bytes (a string counts in UTF-8), so that a person is the same on
   * every node and after a restart. Default: a random one of this process.
   */
  readonly secret?: string | Uint8Array;
  /** The scheme that `WWW-Authenticate` names. Default: the first required header. */
  readonly scheme?: string;
  /** Default `{ ttlSeconds: 60, max: 10_000 }`; `false` identifies on every request. */
  readonly proofCache?: ProofCacheOption;
  /** With `identify`: how long it, or `isActive`, may take. Default 5000. */
  readonly timeoutMs?: number;
  /** With `identify`: how many run at once; beyond it 503. Default 64. */
  readonly maxConcurrent?: number;
}

/**
 * Takes the headers that clients bring for an upstream API, their own key for instance, and makes the request run as
 * whoever they stand for. `createServer` gets them as `credentials`, which sends them nowhere but to `upstream`. Acts
 * where one of `headers` is present, and then gives the verdict. Throws `TypeError` for bad options.
 *
 * @example
 * app.use('/mcp', mcpForwardedCredentials({ headers: ['Authorization'], upstream: ['https://api.example.com'] }));
 */
export function mcpForwardedCredentials(options: ForwardedCredentialsOptions): RequestHandler {
  checkForwarding(options);
  const { headers, required = headers, identify, secret, upstream = [], timeoutMs = 5000 } = options;
  const names = lowerCase(headers).sort();
  const needed = lowerCase(required);
  const origins = originsOf(upstream);
  const verifier = identify && asVerifier(identify);

  const present = ({ rawHeaders }: Request): Presented<ForwardedHeaders> | Denial | undefined => {
    const values = takeHeaders(rawHeaders, names);
    if (values === 'none') return undefined;
    if (values === 'twice') return { code: 'ambiguous_credentials' };
    if (values === 'unusable' || needed.some((name) => !values.get(name))) {
      return { code: 'malformed_credentials' };
    }
    return {
      key: fingerprint(textOf(names, values)),
      credentials: Object.fromEntries(values),
      forwarded: holdHeaders({ names, values, origins }),
    };
  };
  const subjectOf = (taken: ForwardedHeaders): string => {
    const text = textOf(names, new Map(Object.entries(taken)));
    return `forwarded:${secret === undefined ? fingerprint('identity', text) : keyedDigest(secret, text)}`;
  };

  return defineAuthGuard<ForwardedHeaders>({
    name: 'mcpForwardedCredentials',
    // RFC 9110 §15.5.2 wants a challenge with every 401, and no scheme is known to be right.
    challenge: schemeChallenge(options.scheme ?? String(required[0])),
    hiddenHeaders: names,
    isLimited: verifier !== undefined,
    prover: new Prover({
      owner: 'mcpForwardedCredentials',
      proofCache: proofCacheOf(options.proofCache),
      timeoutMs,
      maxConcurrent: verifier ? (options.maxConcurrent ?? 64) : Number.POSITIVE_INFINITY,
      isActive: verifier?.isActive?.bind(verifier),
      hooks: verifier && hooksOf(verifier),
    }),
    present,
    verify: (taken, context) => (verifier ? verifier.verify(taken, context) : { subject: subjectOf(taken) }),
  });
}

/** Names are sorted and what is absent is told from what is empty: no two sets of headers have one text. */
function textOf(names: readonly string[], values: ReadonlyMap<string, string>): string {
  return JSON.stringify(names.map((name) => [name, values.get(name) ?? null]));
}
