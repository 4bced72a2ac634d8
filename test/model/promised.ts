import type { Credential } from './people.js';

export type Verb = 'initialize' | 'whoami' | 'GET' | 'DELETE';

export interface Call {
  readonly credential: Credential;
  readonly address: string;
  readonly verb: Verb;
  /** `malformed`: one that cannot be ours. */
  readonly session: string | undefined;
}

/** What is promised for a call: a status, and with it a code or whom it runs as. */
export interface Promised {
  readonly status: number;
  readonly code?: string;
  readonly whom?: string;
}

export const WRONG: Promised = { status: 401, code: 'invalid_credentials' };
export const DOWN: Promised = { status: 503, code: 'unavailable' };
export const FULL: Promised = { status: 429, code: 'too_many_attempts' };
export const NOT_FOUND: Promised = { status: 404, code: 'session_not_found' };
export const REQUIRED: Promised = { status: 400, code: 'session_required' };
