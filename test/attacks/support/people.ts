import type {
  BasicCredentials,
  BearerCredentials,
  CredentialVerifier,
  Principal,
} from '../../../lib/index.js';
import { basic } from '../../support/call.js';

export const ISSUER = 'https://idp.example';

/** A person, as every verifier of these tests knows them. */
export const person = (subject: string, more: Partial<Principal> = {}): Principal => ({
  subject,
  issuer: ISSUER,
  tenant: 'north',
  ...more,
});

/** A verifier that remembers what it was asked. */
export interface Counted<C> extends CredentialVerifier<C> {
  /** Every call of `verify`, in order: V is its length. */
  readonly asked: C[];
}

/** The directory: a name's password is `right`, and a name in upper case is another person. */
export function passwords(
  names: readonly string[],
  more: Omit<CredentialVerifier<BasicCredentials>, 'verify'> = {},
): Counted<BasicCredentials> {
  const asked: BasicCredentials[] = [];
  return {
    ...more,
    asked,
    async verify(credentials) {
      asked.push(credentials);
      const { username, password } = credentials;
      return names.includes(username) && password === 'right' ? person(username) : null;
    },
  };
}

/** Tokens and whose they are. */
export function tokens(
  known: Readonly<Record<string, Principal>>,
  more: Omit<CredentialVerifier<BearerCredentials>, 'verify'> = {},
): Counted<BearerCredentials> {
  const people = new Map(Object.entries(known));
  const asked: BearerCredentials[] = [];
  return {
    ...more,
    asked,
    async verify(credentials) {
      asked.push(credentials);
      return people.get(credentials.token) ?? null;
    },
  };
}

export const right = (username: string): string => basic(username, 'right');
export const bearer = (token: string): string => `Bearer ${token}`;
