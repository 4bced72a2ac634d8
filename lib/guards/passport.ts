import type { Request, RequestHandler } from 'express';

import { hideCredentials } from '../authentication/auth-info.js';
import {
  defineAuthGuard,
  type Presented,
  presentAuthorization,
} from '../authentication/define-auth-guard.js';
import { type ProofCacheOption, proofCacheOf, proofCacheRule } from '../authentication/proof-cache-option.js';
import { type PassportStrategy, requestView, strategyRunner } from '../authentication/strategy-runner.js';
import { fingerprint } from '../credentials/fingerprint.js';
import { Prover } from '../credentials/prover.js';
import { accountKey } from '../http/account-key.js';
import { parseBasic } from '../http/authorization.js';
import { formatChallenge } from '../http/challenge.js';
import type { Denial } from '../http/denial.js';
import { headerValues } from '../http/headers.js';
import { checkOptions, methodsOf, type OptionRule, required, rule } from '../options.js';
import type { Awaitable, BasicCredentials, Principal } from '../types.js';

export interface PassportOptions<User = never> {
  /**
   * Required. What the strategy owns: an `Authorization` scheme (`Basic`, `Bearer`, `ApiKey`), or a header name, which
   * is told by its dash (`X-API-Key`). For a scheme with a dash or a header without one: `{ scheme }`, `{ header }`.
   */
  readonly scheme: string | { readonly scheme: string } | { readonly header: string };
  /** Required. Who the strategy's user is. */
  readonly toPrincipal: (user: User) => Awaitable<Principal | null>;
  /** Default `{ ttlSeconds: 60, max: 10_000 }`; `false` runs the strategy on every request. */
  readonly proofCache?: ProofCacheOption;
  /** How long the strategy may take. Default 5000. */
  readonly timeoutMs?: number;
}

interface StrategyCredentials {
  readonly body?: BasicCredentials;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const isToken = (value: unknown): boolean => typeof value === 'string' && TOKEN.test(value);
const MAX_CONCURRENT = 64;

const schemeRule: OptionRule = {
  must: 'an Authorization scheme, a header name, { scheme } or { header }',
  required: true,
  test: (value) =>
    isToken(value) ||
    (typeof value === 'object' &&
      value !== null &&
      Object.keys(value).length === 1 &&
      Object.entries(value).every(([key, name]) => (key === 'scheme' || key === 'header') && isToken(name))),
};

/**
 * Proves credentials with any Passport strategy. `success` with a user is a principal (through `toPrincipal`), `fail` a
 * wrong credential, `pass` and `redirect` a refusal (401); `error`, a throw, silence and `success` without a user
 * are an outage (503). A strategy that reads `req.body` finds the Basic credentials there as `username` and
 * `password`, on a view of the request. Throws `TypeError` for bad arguments.
 *
 * @example
 * app.use('/mcp', mcpPassport(new LdapStrategy(ldap), { scheme: 'Basic', toPrincipal: (user) => ({ subject: user.dn }) }));
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
  const owned = ownedBy(options.scheme);
  // RFC 9110 §15.5.2 wants a challenge with every 401, also where a header of one's own is the scheme.
  const ownName = 'header' in owned ? owned.header : owned.scheme;
  const run = strategyRunner(strategy);

  return defineAuthGuard<StrategyCredentials>({
    name: 'mcpPassport',
    challenge: { scheme: ownName.toLowerCase(), plain: formatChallenge(ownName, { realm: 'mcp' }) },
    hiddenHeaders: 'header' in owned ? [owned.header] : [],
    prover: new Prover({
      owner: 'mcpPassport',
      proofCache: proofCacheOf(options.proofCache),
      timeoutMs,
      maxConcurrent: MAX_CONCURRENT,
      isActive: undefined,
    }),
    present: (request, state) =>
      'header' in owned
        ? presentHeader(request, owned.header)
        : presentAuthorization(request, state, owned.scheme.toLowerCase(), (value) =>
            owned.scheme.toLowerCase() === 'basic' ? presentBasic(value) : presentValue(value),
          ),
    verify: async ({ body }, { request }) => {
      const user = await run(requestView(request, body ? { body } : {}));
      return user === null ? null : user === undefined ? undefined : toPrincipal(user as User);
    },
  });
}

function ownedBy(scheme: PassportOptions['scheme']): { scheme: string } | { header: string } {
  if (typeof scheme === 'object')
    return 'header' in scheme ? { header: scheme.header.toLowerCase() } : scheme;
  return scheme.includes('-') ? { header: scheme.toLowerCase() } : { scheme };
}

function presentHeader(
  request: Request,
  header: string,
): Presented<StrategyCredentials> | Denial | undefined {
  const [value, second] = headerValues(request.rawHeaders, header);
  if (value === undefined) return undefined;
  if (second !== undefined) return { code: 'ambiguous_credentials' };
  return presentValue(value) ?? { code: 'malformed_credentials' };
}

function presentValue(value: string): Presented<StrategyCredentials> | undefined {
  return value === '' ? undefined : { key: fingerprint(value), credentials: {} };
}

function presentBasic(value: string): Presented<StrategyCredentials> | undefined {
  const body = parseBasic(value);
  const account = body && accountKey(body.username);
  return account === undefined
    ? undefined
    : { key: fingerprint(value), account, credentials: { body: hideCredentials(body as BasicCredentials) } };
}
