export interface User {
  readonly id: string;
  readonly name: string;
}

export const ada: User = { id: 'ada', name: 'Ada' };
export const bob: User = { id: 'bob', name: 'Bob' };

/** Who there is, and who of them may come in. */
export class Users {
  readonly #users: ReadonlyMap<string, User>;
  readonly #disabled = new Set<string>();

  constructor(users: readonly User[] = [ada, bob]) {
    this.#users = new Map(users.map((user) => [user.id, user]));
  }

  disable(id: string): void {
    this.#disabled.add(id);
  }

  isEnabled(id: string): boolean {
    return this.#users.has(id) && !this.#disabled.has(id);
  }

  nameOf(id: string): string {
    return this.#users.get(id)?.name ?? id;
  }
}
