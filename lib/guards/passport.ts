import type { RequestHandler } from 'express';

import { hideCredentials } from '../authentication/auth-info.js';
import { defineAuthGuard } from '../authentication/define-auth-guard.js';
import { type ProofCacheOption, proofCacheOf, proofCacheRule } from '../authentication/proof-cache-option.js';
import { schemeChallenge } from '../authentication/scheme-challenge.js';
import {
  ownedScheme,
  type SchemeOption,
  type StrategyCredentials,
  schemeRule,
} from '../authentication/strategy-credentials.js';
import { type PassportStrategy, requestView, strategyRunner } from '../authentication/strategy-runner.js';
import { Prover } from '../credentials/prover.js';
import { checkOptions, methodsOf, required, rule } from '../options.js';
import type { Awaitable, Principal } from '../types.js';

export interface PassportOptions<User = never> {
  /**
   * Required. What the strategy owns: an `Authorization` scheme (`Basic`, `Bearer`, `ApiKey`), or a header name, which
   * is told by its dash (`X-API-Key`). For a scheme with a dash or a header without one: `{ scheme }`, `{ header }`.
   */
  readonly scheme: SchemeOption;
  /** Required. Who the strategy's user is. */
  readonly toPrincipal: (user: User) => Awaitable<Principal | null>;
  /** Default `{ ttlSeconds: 60, max: 10_000 }`; `false` runs the strategy on every request. */
  readonly proofCache?: ProofCacheOption;
  /** How long the strategy may take. Default 5000. */
  readonly timeoutMs?: number;
}

const MAX_CONCURRENT = 64;

/**
 * Proves credentials with any Passport strategy. `success` with a user is a principal (through `toPrincipal`), `fail` a
 * wrong credential, `pass` and `redirect` a refusal (401); `error`, a throw, silence and `success` without a user
 * are an outage (503). A strategy that reads `req.body` finds the Basic credentials there as `username` and
 * `password`, on a view of the request. Throws `TypeError` for bad arguments.
 *
 * @example
 * app.use('/mcp', mcpPassport(new LdapStrategy(ldap), { scheme: 'Basic', toPrincipal: (user: LdapUser) => ({ subject: user.dn }) }));
 */
export function mcpPassport<User>(
  strategy: PassportStrategy,
  options: PassportOptions<User>,
): RequestHandler {
  const isStrategy = methodsOf('authenticate').test(strategy);
  if (!isStrategy) throw new TypeError('mcpPassport: strategy must be a Passport strategy');
  checkOptions('mcpPassport', options, {
    scheme: schemeRule,
    toPrincipal: required(rule.callback),
    proofCache: proofCacheRule,
    timeoutMs: rule.milliseconds,
  });
  const { toPrincipal, timeoutMs = 5000 } = options;
  const { name, header, present } = ownedScheme(options.scheme);
  const run = strategyRunner(strategy);

  return defineAuthGuard<StrategyCredentials>({
    name: 'mcpPassport',
    // RFC 9110 §15.5.2 wants a challenge with every 401, also where a header of one's own is the scheme.
    challenge: schemeChallenge(name),
    hiddenHeaders: header === undefined ? [] : [header],
    prover: new Prover({
      owner: 'mcpPassport',
      proofCache: proofCacheOf(options.proofCache),
      timeoutMs,
      maxConcurrent: MAX_CONCURRENT,
      isActive: undefined,
    }),
    present,
    verify: async ({ body }, { request }) => {
      const user = await run(requestView(request, body ? { body: hideCredentials(body) } : {}));
      return user === null ? null : user === undefined ? undefined : toPrincipal(user as User);
    },
  });
}
