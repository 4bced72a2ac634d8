import { inspect } from 'node:util';

import type { RequestHandler } from 'express';

import { getPrincipal, type Principal } from '../../lib/index.js';

/** Whom a chain of guards let pass, as Express and the SDK are told. */
export interface Told {
  readonly principal: Principal | null;
  /** The principal's token, which JSON does not show. */
  readonly principalToken: string | null;
  readonly user: string | null;
  readonly auth: { readonly clientId: string; readonly scopes: string[]; readonly expiresAt?: number } | null;
  readonly authToken: string | null;
  readonly inspected: string;
}

/** Ends a chain of guards: answers 200 with whom it let pass. */
export const tell: RequestHandler = (request, response) => {
  const principal = getPrincipal(request) ?? null;
  const { user, auth } = request as unknown as { user?: Principal; auth?: { token: string } };
  response.json({
    principal,
    principalToken: principal?.token ?? null,
    user: user?.subject ?? null,
    auth: auth ?? null,
    authToken: auth?.token ?? null,
    inspected: inspect({ principal, user, auth }, { depth: 9, showHidden: true }),
  });
};
