import type { RequestHandler } from 'express';

import { MCP_METHODS, METHOD_NOT_ALLOWED } from '../authentication/last-gate.js';
import { refusalOf, tell } from '../authentication/refusal.js';
import { fingerprint, secretsEqual } from '../credentials/fingerprint.js';
import type { ProofResult } from '../credentials/proof-result.js';
import { Prover } from '../credentials/prover.js';
import { defineGuard, type GuardOutcome, publisher } from '../guard.js';
import { formatChallenge } from '../http/challenge.js';
import type { Denial } from '../http/denial.js';
import { headerValues } from '../http/headers.js';
import { checkOptions, type OptionRule, rule } from '../options.js';
import { onOver } from '../response-end.js';
import type { Awaitable, Principal } from '../types.js';

export interface TokenGuardOptions {
  /** Required. The shared secret, several of them for rotation, or a function that gets them. */
  readonly token: string | readonly string[] | (() => Awaitable<string | readonly string[]>);
  /** Default `X-MCP-Token`. */
  readonly header?: string;
  /** Default `mcp`. */
  readonly realm?: string;
}

const tokenRule: OptionRule = {
  must: 'a non-empty string, an array of them, or a function',
  test: (value) => rule.text.test(value) || rule.texts.test(value) || rule.callback.test(value),
  required: true,
};

const headerRule: OptionRule = {
  must: 'a header name',
  test: (value) => typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value),
};

/** The secret names nobody: it opens the door that the other guards watch. */
const HOLDER: Principal = { subject: 'holder of the shared token' };
const TIMEOUT_MS = 5000;
const MAX_CONCURRENT = 1024;
/** A secret that a function no longer returns is refused after this long at most; given secrets never change. */
const ROTATION_SECONDS = 60;
const FOREVER_SECONDS = 2_147_483;

/**
 * Refuses requests that do not present the shared secret (401 `invalid_mcp_token`). Wrong guesses count on the address
 * where `mcpLoginLimiter` is mounted before it. It says nothing about who calls: mount an authentication guard after
 * it. Throws `TypeError` for bad options.
 *
 * @example
 * app.use('/mcp', mcpTokenGuard({ token: process.env.MCP_TOKEN ?? '' }));
 */
export function mcpTokenGuard(options: TokenGuardOptions): RequestHandler {
  checkOptions('mcpTokenGuard', options, { token: tokenRule, header: headerRule, realm: rule.text });
  const { token, header = 'X-MCP-Token', realm = 'mcp' } = options;
  const name = header.toLowerCase();
  const publish = publisher('mcpTokenGuard');
  const failed = { scheme: 'mcp-token', plain: formatChallenge('MCP-Token', { realm }) };
  const refused: Denial = { code: 'invalid_mcp_token', failed };
  const prover = new Prover({
    owner: 'mcpTokenGuard',
    proofCache: { ttlSeconds: typeof token === 'function' ? ROTATION_SECONDS : FOREVER_SECONDS, max: 1000 },
    timeoutMs: TIMEOUT_MS,
    maxConcurrent: MAX_CONCURRENT,
    isActive: undefined,
  });

  const verify = async (presented: string): Promise<unknown> => {
    const tokens = typeof token === 'function' ? await token() : token;
    if (!rule.text.test(tokens) && !rule.texts.test(tokens)) return undefined;
    // Every one is compared, so that time does not tell which was right.
    const matches = [tokens].flat().map((accepted) => secretsEqual(presented, accepted as string));
    return matches.includes(true) ? HOLDER : null;
  };

  return defineGuard('mcpTokenGuard', (request, response, state) => {
    if (!MCP_METHODS.has(request.method)) return METHOD_NOT_ALLOWED;
    state.hiddenHeaders.push(name);
    const [presented, second] = headerValues(request.rawHeaders, name);
    if (second !== undefined) return { code: 'ambiguous_credentials' };
    if (presented === undefined || presented === '') return refused;
    const conclude = (proof: ProofResult): GuardOutcome => {
      /* c8 ignore next -- no session is named here that could lift a refusal, so none is deferred */
      const refusal = proof.kind === 'denied' ? proof : proof.deferred && refusalOf(proof.deferred);
      if (!refusal) return undefined;
      tell(publish, state, refusal);
      return refusal.code === 'invalid_credentials' ? refused : refusal;
    };
    const proof = prover.prove({
      key: fingerprint(presented),
      account: undefined,
      question: state.question,
      verify: () => verify(presented),
      onGone: (listener) => onOver(response, listener),
    });
    return 'kind' in proof ? conclude(proof) : Promise.resolve(proof).then(conclude);
  });
}
