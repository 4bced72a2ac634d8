import type { Connection, OnLate } from './connection.js';
import type { Script } from './script.js';
import type { Namespace } from './session-namespace.js';
import type { SessionStoreSettings } from './session-options.js';

/** Runs steps over sessions, and names sessions as these steps know them. */
export class SessionSteps {
  readonly spaces: SessionStoreSettings['spaces'];
  /** The one key that scripts are given; they make all others of it. */
  readonly base: string;
  readonly #connection: Connection;

  constructor({ connection, spaces, prefix }: SessionStoreSettings) {
    this.#connection = connection;
    this.spaces = spaces;
    this.base = `${prefix}:{sessions}`;
  }

  /** What a session is called under each secret, and what else a step is told there. */
  under<More extends object>(
    id: string,
    more: (space: Namespace, hash: string) => More,
  ): readonly ({ readonly ns: string; readonly hash: string } & More)[] {
    return this.spaces.map((space) => {
      const hash = space.hash('session', id);
      return { ns: space.name, hash, ...more(space, hash) };
    });
  }

  named(id: string): readonly { readonly ns: string; readonly hash: string }[] {
    return this.under(id, () => ({}));
  }

  run(script: Script, input: object, onLate?: OnLate): Promise<unknown> {
    return this.#connection.run(script, [this.base], [JSON.stringify(input)], onLate);
  }
}
