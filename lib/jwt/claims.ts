import type { JWTHeaderParameters, JWTPayload } from 'jose';
import type { Principal } from '../types.js';
import type { SignedJwt } from './signature.js';

/** The claims of a token that was accepted: signature, issuer, audience and type are proven. */
export type JwtClaims = JWTPayload & { readonly iss: string; readonly sub: string; readonly exp: number };

/** What a token must say to be accepted. */
export interface ExpectedClaims {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** As `normalizeTokenType` gives it. */
  readonly tokenType: string;
  readonly toleranceSeconds: number;
}

const TYPE_CLAIMS = ['type', 'token_type', 'typ'] as const;
/** Says that this is a JWT at all (RFC 7519 §5.1), not which kind. */
const PLAIN_HEADER_TYPE = 'jwt';
/** Says how the token is presented (RFC 6750), not which kind it is. */
const PLAIN_CLAIM_TYPE = 'bearer';

/** Lower case and without `application/` (RFC 7515 §4.1.9): `application/at+JWT` is `at+jwt`. */
export function normalizeTokenType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}

/** Whether `type` names a kind of token; plain `JWT` does not. */
export function isTokenType(type: unknown): type is string {
  return typeof type === 'string' && !['', PLAIN_HEADER_TYPE].includes(normalizeTokenType(type));
}

/** Every place that names a type must name the expected one, and at least one place must. */
function hasTokenType(header: JWTHeaderParameters, payload: JWTPayload, expected: string): boolean {
  const places: readonly (readonly [value: unknown, plain: string])[] = [
    [header.typ, PLAIN_HEADER_TYPE],
    ...TYPE_CLAIMS.map((claim) => [payload[claim], PLAIN_CLAIM_TYPE] as const),
  ];
  let named = false;
  for (const [value, plain] of places) {
    const type = typeof value === 'string' ? normalizeTokenType(value) : value;
    if (type === expected) named = true;
    else if (type !== undefined && type !== plain) return false;
  }
  return named;
}

const hasAudience = (aud: unknown, audiences: readonly string[]): boolean =>
  Array.isArray(aud)
    ? audiences.some((audience) => aud.includes(audience))
    : typeof aud === 'string' && audiences.includes(aud);

const isDate = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/**
 * The claims, or `undefined` if anything but the expiry speaks against them: what a check needs and does not find
 * is refused. `now`: seconds since the epoch. Whether they have expired is the caller's question.
 */
export function acceptClaims(
  { header, payload }: SignedJwt,
  expected: ExpectedClaims,
  now: number,
): JwtClaims | undefined {
  const { iss, sub, aud, exp, nbf, iat } = payload;
  const accepted =
    iss === expected.issuer &&
    hasAudience(aud, expected.audiences) &&
    hasTokenType(header, payload, expected.tokenType) &&
    typeof sub === 'string' &&
    sub !== '' &&
    isDate(exp) &&
    (iat === undefined || isDate(iat)) &&
    (nbf === undefined || (isDate(nbf) && nbf <= now + expected.toleranceSeconds));
  return accepted ? { ...payload, iss, sub, exp } : undefined;
}

/** `scope` as RFC 9068 §2.2.3 has it, or `scp`: a string separated by spaces, or an array of strings. */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] | undefined {
  const granted = scope ?? scp;
  if (typeof granted === 'string') return granted.split(' ').filter((name) => name !== '');
  return Array.isArray(granted) ? granted.filter((name) => typeof name === 'string') : undefined;
}

/** The principal that the claims describe by themselves. `expiresAt`: seconds since the epoch. */
export function principalOf(claims: JwtClaims, token: string, expiresAt: number): Principal {
  const { sub, iss, client_id, azp } = claims;
  const clientId = client_id ?? azp;
  const scopes = scopesOf(claims);
  return {
    subject: sub,
    issuer: iss,
    ...(typeof clientId === 'string' && { clientId }),
    ...(scopes && { scopes }),
    expiresAt,
    token,
    claims,
  };
}
