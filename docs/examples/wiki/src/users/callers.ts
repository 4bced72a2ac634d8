import { WikiError } from '../errors.js';
import { abilityFor, type WikiAbility } from './abilities.js';
import type { AccessTokens } from './tokens.js';
import type { User } from './user.js';
import type { UserStore } from './user-store.js';

/** The person on whose behalf the wiki acts, and what they may do. */
export interface Caller {
  readonly user: User;
  readonly ability: WikiAbility;
}

/** From an access JWT to its owner. Rejects with `WikiError('unauthenticated')`: REST and MCP both start here. */
export type CallerOf = (accessToken: string) => Promise<Caller>;

export function callersFrom(users: UserStore, tokens: AccessTokens): CallerOf {
  return async function callerOf(accessToken) {
    const subject = await tokens.subjectOf(accessToken);
    const user = subject === null ? undefined : await users.findById(subject);
    if (user === undefined || user.disabled)
      throw new WikiError('unauthenticated', 'The access token is not valid');
    return { user, ability: abilityFor(user, await users.grantsOf(user.id)) };
  };
}
