import type { Request } from 'express';

import type { RequestState } from '../request-state.js';
import type { AuthInfo, Principal } from '../types.js';
import { authInfoFor } from './auth-info.js';

/** Makes `principal` the one that this request acts for, for Express (`req.user`) and the SDK (`req.auth`) alike. */
export function setPrincipal(request: Request, state: RequestState, principal: Principal): void {
  state.principal = principal;
  const caller = request as unknown as { user: Principal; auth: AuthInfo };
  caller.user = principal;
  caller.auth = authInfoFor(principal, state.presentedToken, state.resource);
}
