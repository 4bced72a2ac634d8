import type { Request, RequestHandler, Response } from 'express';
import { WikiError } from '../errors.js';
import type { Caller, CallerOf } from '../users/callers.js';

/** REST requests carry `Authorization: Bearer` with an access JWT. */
export function authenticate(callerOf: CallerOf): RequestHandler {
  return async function authenticateCaller(request, response, next) {
    response.locals.caller = await callerOf(bearerToken(request));
    next();
  };
}

export function callerIn(response: Response): Caller {
  const { caller } = response.locals as { caller?: Caller };
  if (caller === undefined) throw new Error('authenticate() is missing before this route');
  return caller;
}

function bearerToken(request: Request): string {
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined)
    throw new WikiError('unauthenticated', 'An access token is needed: POST /api/login');
  return token;
}
