import { createHash, timingSafeEqual } from 'node:crypto';

/** Each may do what the one before it may, and more. */
export const ROLES = ['viewer', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Organization {
  readonly id: string;
  readonly name: string;
}

export interface User {
  readonly id: string;
  readonly name: string;
  /** Organisation id to role. The first one is the home organisation. */
  readonly roles: ReadonlyMap<string, Role>;
}

/** An API key: the secret is kept as a hash. It is random, so that a fast hash is enough. */
interface Key {
  readonly user: User;
  readonly secretHash: Buffer;
}

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Who has which key, and which role where. */
export class Accounts {
  readonly #organizations: ReadonlyMap<string, Organization>;
  readonly #keys = new Map<string, Key>();

  constructor(organizations: readonly Organization[]) {
    this.#organizations = new Map(organizations.map((organization) => [organization.id, organization]));
  }

  addKey(user: User, keyId: string, secret: string): void {
    this.#keys.set(keyId, { user, secretHash: hash(secret) });
  }

  revokeKey(keyId: string): void {
    this.#keys.delete(keyId);
  }

  /** Whose key this is; `undefined` for a wrong one. */
  userOf(keyId: string, secret: string): User | undefined {
    const key = this.#keys.get(keyId);
    return key && timingSafeEqual(key.secretHash, hash(secret)) ? key.user : undefined;
  }

  organization(id: string): Organization | undefined {
    return this.#organizations.get(id);
  }
}
