import { checkOptions, isRecord, type OptionRule, required, rule } from '../options.js';
import type { Awaitable, BearerCredentials, CredentialVerifier, Principal } from '../types.js';
import {
  acceptClaims,
  type ExpectedClaims,
  isTokenType,
  type JwtClaims,
  normalizeTokenType,
  principalOf,
} from './claims.js';
import { isJwtKeys, type JwtKeys, verificationKeys } from './keys.js';
import { readSigned } from './signature.js';

export interface JwtVerifierOptions {
  /** The one `iss` accepted, character by character. */
  readonly issuer: string;
  /** `aud` must name one of these. */
  readonly audience: string | readonly string[];
  /** What signatures are verified with; the algorithms follow from its kind. */
  readonly keys: JwtKeys;
  /** What the header `typ` (RFC 9068: `at+jwt`) or the claim `type`, `token_type` or `typ` must say; in any case. */
  readonly tokenType: string;
  /**
   * Builds the principal from accepted, unexpired claims; `null` refuses the token as a wrong credential, a throw is
   * an outage. The result never outlives the token: its `expiresAt` is at most the token's.
   */
  readonly toPrincipal?: (claims: JwtClaims, token: string) => Awaitable<Principal | null>;
  /** Cheap liveness, handed on: see `CredentialVerifier.isActive`. */
  readonly isActive?: (principal: Principal) => Awaitable<boolean>;
  /** Seconds, 0 to 300, by which the issuer's clock may differ; they are added to `expiresAt`. Default: 0. */
  readonly clockToleranceSeconds?: number;
}

const MAX_TOLERANCE_SECONDS = 300;

const RULES: Readonly<Record<keyof JwtVerifierOptions, OptionRule>> = {
  issuer: required(rule.text),
  audience: {
    must: 'a non-empty string or an array of them',
    test: (value) => rule.text.test(value) || rule.texts.test(value),
    required: true,
  },
  keys: { must: 'a public key, a secret, a JWKS object or a URL object', test: isJwtKeys, required: true },
  tokenType: {
    must: 'a string that names a type, as plain "JWT" does not',
    test: isTokenType,
    required: true,
  },
  toPrincipal: rule.callback,
  isActive: rule.callback,
  clockToleranceSeconds: {
    must: 'a number of seconds from 0 to 300',
    test: (value) => typeof value === 'number' && value >= 0 && value <= MAX_TOLERANCE_SECONDS,
  },
};

function limitLifetime(principal: Principal, expiresAt: number): Principal {
  const { expiresAt: chosen } = principal;
  return chosen !== undefined && chosen <= expiresAt ? principal : { ...principal, expiresAt };
}

/**
 * A verifier for `mcpBearerAuth` that proves JWTs (RFC 7519, RFC 8725) with `jose`.
 *
 * A token is proven by its signature, `iss`, `aud`, its type, `sub`, `exp` and, where present, `nbf`; what is absent
 * is refused. A token that is not genuine is a wrong credential; a genuine one that has expired gives a principal whose
 * `expiresAt` has passed; keys that cannot be fetched are an outage.
 * Throws `TypeError` for an option that cannot be used.
 *
 * @example
 * mcpBearerAuth({
 *   verifier: jwtVerifier({
 *     issuer: 'https://id.example.com/',
 *     audience: 'https://app.example.com/mcp',
 *     keys: new URL('https://id.example.com/.well-known/jwks.json'),
 *     tokenType: 'at+jwt',
 *   }),
 * })
 */
export function jwtVerifier(options: JwtVerifierOptions): CredentialVerifier<BearerCredentials> {
  checkOptions('jwtVerifier', options, RULES);
  const { issuer, audience, tokenType, toPrincipal, isActive, clockToleranceSeconds = 0 } = options;
  const keys = verificationKeys(options.keys);
  const expected: ExpectedClaims = {
    issuer,
    audiences: typeof audience === 'string' ? [audience] : [...audience],
    tokenType: normalizeTokenType(tokenType),
    toleranceSeconds: clockToleranceSeconds,
  };

  async function verify(
    { token }: BearerCredentials,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Principal | null> {
    signal.throwIfAborted();
    const signed = await readSigned(token, keys);
    const now = Date.now() / 1000;
    const claims = signed && acceptClaims(signed, expected, now);
    if (!claims) return null;
    const expiresAt = claims.exp + clockToleranceSeconds;
    if (!toPrincipal || expiresAt <= now) return principalOf(claims, token, expiresAt);
    signal.throwIfAborted();
    const principal = await toPrincipal(claims, token);
    if (principal === null) return null;
    if (!isRecord(principal)) throw new TypeError('jwtVerifier: toPrincipal must return a principal or null');
    return limitLifetime(principal, expiresAt);
  }

  return { verify, ...(isActive && { isActive }) };
}
