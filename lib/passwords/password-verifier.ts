import { McpGuardError } from '../errors.js';
import { checkOptions, isRecord, type OptionRule, required, rule } from '../options.js';
import type { Awaitable, BasicCredentials, CredentialVerifier, Principal, VerifyContext } from '../types.js';
import type { ScryptParameters } from './phc.js';
import { matches, resolveParameters, unmatchableHash } from './scrypt.js';

/** What `findUser` knows of a user. */
export interface PasswordUser {
  /** As `hashPassword` made it; `null`, `''` or absent for a user who has no password. */
  readonly passwordHash?: string | null | undefined;
  readonly principal: Principal;
  /** Told, as 403, only to somebody who proved the password. */
  readonly disabled?: boolean | undefined;
}

export interface PasswordVerifierOptions
  extends Pick<CredentialVerifier<BasicCredentials>, 'isActive' | 'startSession' | 'endSession'> {
  /** The user of that name; nothing if there is none. A throw is an outage (503). Must have no side effects. */
  readonly findUser: (username: string) => Awaitable<PasswordUser | null | undefined>;
  /** The cost of your stored hashes, where it is not the default: what an unknown user has to cost as well. */
  readonly parameters?: Partial<ScryptParameters>;
}

const RULES: Readonly<Record<keyof PasswordVerifierOptions, OptionRule>> = {
  findUser: required(rule.callback),
  isActive: rule.callback,
  startSession: rule.callback,
  endSession: rule.callback,
  parameters: rule.object,
};

/**
 * A verifier for `mcpBasicAuth` over users with scrypt hashes.
 *
 * Every verification is one run of scrypt, also for an unknown user, a disabled one and one without a password.
 * The right password of a disabled user is refused by policy (403); all else that does not match is a wrong credential.
 * A stored hash that is malformed is an outage. Throws `TypeError` for an option that cannot be used.
 *
 * @example
 * mcpBasicAuth({ verifier: passwordVerifier({ findUser: (username) => users.findByName(username) }) })
 */
export function passwordVerifier(options: PasswordVerifierOptions): CredentialVerifier<BasicCredentials> {
  checkOptions('passwordVerifier', options, RULES);
  const { findUser, isActive, startSession, endSession } = options;
  const noMatch = unmatchableHash(
    resolveParameters('passwordVerifier: option "parameters"', options.parameters),
  );

  async function verify(
    { username, password }: BasicCredentials,
    { signal }: Pick<VerifyContext, 'signal'>,
  ): Promise<Principal | null> {
    signal.throwIfAborted();
    const user = (await findUser(username)) ?? undefined;
    if (user !== undefined && !isRecord(user)) {
      throw new TypeError('passwordVerifier: findUser must return a user, null or undefined');
    }
    const isRight = await matches(password, user?.passwordHash || noMatch, signal);
    if (!user?.passwordHash || !isRight) return null;
    if (user.disabled) throw new McpGuardError('forbidden');
    return user.principal;
  }

  return {
    verify,
    ...(isActive && { isActive }),
    ...(startSession && { startSession }),
    ...(endSession && { endSession }),
  };
}
