import type { BasicCredentials, BearerCredentials, CredentialVerifier, Principal } from '../types.js';

/** What a Passport callback calls: `done(error)`, `done(null, false)`, `done(null, user)`. */
export type PassportDone<User> = (error?: unknown, user?: User | false | null, info?: unknown) => void;

type BasicCallback<User> = (username: string, password: string, done: PassportDone<User>) => unknown;
type BearerCallback<User> = (token: string, done: PassportDone<User>) => unknown;

/**
 * Adapts a Passport verify callback, `(username, password, done)` or `(token, done)`, to a verifier.
 * `done(null, false)`, or without a user, is a wrong credential, `done(error)` and a throw are an outage, a user is who `toPrincipal` says.
 * The first call of `done` counts. Throws `TypeError` unless both are functions.
 *
 * @example
 * mcpBasicAuth({ verifier: fromPassportVerify(localVerify, (user) => ({ subject: user.id })) });
 */
export function fromPassportVerify<User>(
  callback: BasicCallback<User>,
  toPrincipal: (user: User) => Principal,
): CredentialVerifier<BasicCredentials>;
export function fromPassportVerify<User>(
  callback: BearerCallback<User>,
  toPrincipal: (user: User) => Principal,
): CredentialVerifier<BearerCredentials>;
export function fromPassportVerify<User>(
  callback: BasicCallback<User> | BearerCallback<User>,
  toPrincipal: (user: User) => Principal,
): CredentialVerifier<BasicCredentials> | CredentialVerifier<BearerCredentials> {
  if (typeof callback !== 'function') throw new TypeError('fromPassportVerify: callback must be a function');
  if (typeof toPrincipal !== 'function')
    throw new TypeError('fromPassportVerify: toPrincipal must be a function');
  return {
    async verify(credentials: BasicCredentials | BearerCredentials) {
      const user = await new Promise<User | false | null | undefined>((resolve, reject) => {
        const done: PassportDone<User> = (error, found) => {
          if (error) reject(error);
          else resolve(found);
        };
        const outcome: unknown =
          'token' in credentials
            ? (callback as BearerCallback<User>)(credentials.token, done)
            : (callback as BasicCallback<User>)(credentials.username, credentials.password, done);
        // A callback that is a function with promises may reject instead of calling back.
        if (outcome instanceof Promise) outcome.catch(reject);
      });
      // As Passport reads it: no user, in whatever form, is a wrong credential.
      return user ? toPrincipal(user) : null;
    },
  };
}
