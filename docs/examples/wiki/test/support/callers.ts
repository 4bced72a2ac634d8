import type { Database } from '../../src/db/database.js';
import type { DemoUser } from '../../src/db/demo-data.js';
import { abilityFor } from '../../src/users/abilities.js';
import type { Caller } from '../../src/users/callers.js';
import { userStore } from '../../src/users/user-store.js';

/** A demo user as the service layer sees them. */
export async function callerNamed(database: Database, { email }: DemoUser): Promise<Caller> {
  const users = userStore(database);
  const user = await users.findByEmail(email);
  if (user === undefined) throw new Error(`${email} is not in the database`);
  return { user, ability: abilityFor(user, await users.grantsOf(user.id)) };
}

/** The code of the `WikiError` that `promise` rejects with; `undefined` if it resolves. */
export async function failureCode(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: { code?: string }) => error.code ?? String(error),
  );
}
