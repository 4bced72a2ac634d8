import { inspect } from 'node:util';

import type { AuthInfo, Principal } from '../types.js';

/** The SDK's `AuthInfo` for a principal. Its token can be read, but shows neither in `util.inspect` nor in JSON. */
class GuardAuthInfo {
  declare readonly clientId: string;
  declare readonly scopes: string[];
  declare readonly extra: { readonly principal: Principal };
  declare readonly expiresAt?: number;
  declare readonly resource?: URL;
  readonly #token: string;

  constructor(principal: Principal, presentedToken: string | undefined, resource: URL | undefined) {
    this.clientId = principal.clientId ?? '';
    this.scopes = [...(principal.scopes ?? [])];
    this.extra = { principal };
    if (principal.expiresAt !== undefined) this.expiresAt = principal.expiresAt;
    if (resource !== undefined) this.resource = resource;
    this.#token = principal.token ?? presentedToken ?? '';
  }

  get token(): string {
    return this.#token;
  }
}

export function authInfoFor(
  principal: Principal,
  presentedToken: string | undefined,
  resource: URL | undefined,
): AuthInfo {
  return new GuardAuthInfo(principal, presentedToken, resource) as unknown as AuthInfo;
}

/** As a prototype: `fetch` takes every own property for a header, a symbol among them for a mistake. */
const hidden: object = Object.create(Object.prototype, {
  [inspect.custom]: { value: () => '[credentials]' },
  toJSON: { value: () => undefined },
});

/** Credentials that can be read, but show neither in `util.inspect` nor in JSON. */
export function hideCredentials<C extends object>(credentials: C): C {
  // As getters: `console.dir` does not ask an object how it wants to be shown.
  const getters = Object.entries(credentials).map(
    ([name, value]) => [name, { get: () => value, enumerable: true }] as const,
  );
  return Object.freeze(Object.create(hidden, Object.fromEntries(getters)) as C);
}
