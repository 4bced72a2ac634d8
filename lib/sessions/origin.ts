import type { Request } from 'express';

import { isRecord } from '../options.js';
import { isPrincipal, principalKey } from '../principal.js';
import type { Principal, SessionEndReason, SessionRecord } from '../types.js';

/** Where a session began, beyond the message. */
export interface Beginning {
  /** Which guard of the chain proved its principal: its verifier undoes the login. */
  readonly by?: string | undefined;
  /** Where its handler is mounted. */
  readonly at?: string | undefined;
  /** Milliseconds since the epoch: until then its login may be under way, and the node that began it undoes that. */
  readonly loginUntil?: number | undefined;
  /** Why it is over, where a node ended it that could not undo its login: that is left to another. */
  readonly ended?: SessionEndReason | undefined;
}

/** How a session began: what another process needs to serve it, and to undo its login. */
export interface Origin extends Beginning {
  /** The `initialize`; `null` where the session is one stream, which no other process can go on with. */
  readonly message: unknown;
  /** The principal as it was proven. */
  readonly presented: Principal;
}

/** What a store keeps of it, as plain data. */
export function originData(
  message: unknown,
  presented: Principal,
  { by, at, loginUntil, ended }: Beginning,
): object {
  return {
    message,
    presented,
    ...(by !== undefined && { by }),
    ...(at !== undefined && { at }),
    ...(loginUntil !== undefined && { loginUntil }),
    ...(ended !== undefined && { ended }),
  };
}

/** Whether it is for the node that began the session to undo its login, whoever ends it. */
export function isLoggingIn({ initialize }: SessionRecord): boolean {
  const until = isRecord(initialize) ? initialize.loginUntil : undefined;
  return typeof until === 'number' && until > Date.now();
}

/** Why a session is over that a node ended which could not undo its login. */
export function endedAs({ initialize }: SessionRecord): SessionEndReason | undefined {
  const ended = isRecord(initialize) ? initialize.ended : undefined;
  return typeof ended === 'string' ? (ended as SessionEndReason) : undefined;
}

/** `undefined` for a record that was not kept by a registry, or that contradicts itself. */
export function originOf(record: SessionRecord): Origin | undefined {
  const { initialize, principal } = record;
  if (!isRecord(initialize) || !isPrincipal(initialize.presented)) return undefined;
  const { message, presented, by, at, loginUntil } = initialize;
  const ended = endedAs(record);
  if (principalKey(presented) !== principalKey(principal)) return undefined;
  return {
    message,
    presented,
    ...(typeof by === 'string' && { by }),
    ...(typeof at === 'string' && { at }),
    ...(typeof loginUntil === 'number' && { loginUntil }),
    ...(ended !== undefined && { ended }),
  };
}

/** Where the handler of a request is mounted: the same on every node. */
export function mountOf({ baseUrl, route }: Request): string {
  return `${baseUrl} ${String(route?.path ?? '')}`;
}
