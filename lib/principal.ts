import { isDeepStrictEqual } from 'node:util';

import { isRecord } from './options.js';
import type { Principal, PrincipalFilter } from './types.js';

const TEXTS = ['issuer', 'tenant', 'clientId', 'token'] as const;
const ENRICHABLE = ['clientId', 'scopes', 'expiresAt', 'token', 'claims'] as const;

/** A principal whose token can be read, but shows neither in `util.inspect` nor in JSON. */
class ProvenPrincipal {
  declare readonly subject: string;
  declare readonly issuer?: string;
  declare readonly tenant?: string;
  declare readonly clientId?: string;
  declare readonly scopes?: readonly string[];
  declare readonly expiresAt?: number;
  declare readonly claims?: Readonly<Record<string, unknown>>;
  readonly #token: string | undefined;

  constructor({ token, ...rest }: Principal) {
    Object.assign(this, rest);
    this.#token = token;
    Object.freeze(this);
  }

  get token(): string | undefined {
    return this.#token;
  }
}

/** Whether `value` is a principal: a subject that is not empty, and every other field of its type where present. */
export function isPrincipal(value: unknown): value is Principal {
  if (!isRecord(value)) return false;
  const { subject, scopes, expiresAt, claims } = value;
  return (
    typeof subject === 'string' &&
    subject !== '' &&
    TEXTS.every((name) => value[name] === undefined || typeof value[name] === 'string') &&
    (scopes === undefined || (Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string'))) &&
    (expiresAt === undefined || (typeof expiresAt === 'number' && Number.isFinite(expiresAt))) &&
    (claims === undefined || isRecord(claims))
  );
}

/** A frozen copy that holds nothing but the fields of a principal and hides the token from inspection. */
export function sealPrincipal(principal: Principal): Principal {
  return principal instanceof ProvenPrincipal
    ? (principal as Principal)
    : (new ProvenPrincipal(plainPrincipal(principal)) as Principal);
}

/** The principal as plain data, token included: what a store keeps. */
export function plainPrincipal(principal: Principal): Principal {
  const { subject, issuer, tenant, clientId, scopes, expiresAt, token, claims } = principal;
  return {
    subject,
    ...(issuer !== undefined && { issuer }),
    ...(tenant !== undefined && { tenant }),
    ...(clientId !== undefined && { clientId }),
    ...(scopes !== undefined && { scopes: Object.freeze([...scopes]) }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(token !== undefined && { token }),
    ...(claims !== undefined && { claims: Object.freeze({ ...claims }) }),
  };
}

/** The identity, (issuer, tenant, subject), as one string; no two identities share it. */
export function principalKey({ issuer, tenant, subject }: Principal): string {
  return JSON.stringify([issuer ?? null, tenant ?? null, subject]);
}

export function matchesFilter(principal: Principal, filter: PrincipalFilter): boolean {
  return (
    (filter.subject === undefined || filter.subject === principal.subject) &&
    (filter.issuer === undefined || filter.issuer === principal.issuer) &&
    (filter.tenant === undefined || filter.tenant === principal.tenant)
  );
}

/** Whether the principal's time (`expiresAt`, seconds) has passed at `now` (milliseconds). */
export function hasExpired({ expiresAt }: Principal, now: number): boolean {
  return expiresAt !== undefined && expiresAt * 1000 <= now;
}

/** `enriched` over `base`: what the login left out stays as it was. */
export function enrich(base: Principal, enriched: Principal): Principal {
  return sealPrincipal({ ...plainPrincipal(base), ...plainPrincipal(enriched) });
}

/** Whether `brought` is what was presented, be that as it came or as a store gives it back: plain data. */
function isSame(brought: unknown, presented: unknown): boolean {
  if (isDeepStrictEqual(brought, presented)) return true;
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(brought)), presented);
  } catch {
    return false;
  }
}

/**
 * The principal that tools see: this request's, with what the session's login added wherever the request brings
 * nothing newer than it brought when the session began.
 */
export function mergePrincipal(request: Principal, presented: Principal, enriched: Principal): Principal {
  if (presented === enriched) return request;
  const merged: Record<string, unknown> = { ...plainPrincipal(request) };
  for (const field of ENRICHABLE) {
    const brought = request[field];
    const isAdded = enriched[field] !== undefined && !isDeepStrictEqual(enriched[field], presented[field]);
    if (isAdded && (brought === undefined || isSame(brought, presented[field]))) {
      merged[field] = enriched[field];
    }
  }
  return sealPrincipal(merged as unknown as Principal);
}
