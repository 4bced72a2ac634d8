import { setTimeout as wait } from 'node:timers/promises';

import type { Ledger } from './ledger.js';
import { TARGETS } from './people.js';
import type { World } from './world.js';

/** What is left when every session has been revoked; with faults in between, not all of it can be nothing. */
export interface Left {
  readonly logins: number;
  /** Logins that nobody could undo, as Redis had been emptied. */
  readonly forgotten: number;
  /** Logins that nobody has undone: the answer that it is theirs to do was lost, or their node was killed. */
  readonly notUndone: number;
  readonly records: number;
  readonly servers: number;
}

export interface Limits {
  readonly points: number;
  readonly windowSeconds: number;
  readonly seconds: number;
}

/** Ends everything, and looks whether the books are right. */
export async function audit(world: World, ledger: Ledger, limits: Limits): Promise<Left> {
  await guesses(world, ledger, limits);
  const [first] = world.places;
  const owners = new Set((await first?.node.list())?.map(({ principal }) => principal.subject));
  for (const subject of owners) await first?.node.revoke({ subject });
  await wait(2000);
  const undone = new Map<string, number>();
  for (const { token = '' } of world.logouts()) undone.set(token, (undone.get(token) ?? 0) + 1);
  for (const [, count] of undone) if (count > 1) ledger.violate('undone twice', `a login, ${count} times`);
  const left = world.logins().flatMap(({ token = '' }) => (undone.has(token) ? [] : [token]));
  const counts = await Promise.all(world.places.map(({ node }) => node.counts()));
  return {
    logins: world.logins().length,
    forgotten: left.filter((token) => ledger.forgottenLogins.has(token)).length,
    notUndone: left.filter((token) => !ledger.forgottenLogins.has(token)).length,
    records: (await first?.node.list())?.length ?? 0,
    servers: counts.reduce((sum, { live }) => sum + live, 0),
  };
}

async function guesses(world: World, ledger: Ledger, limits: Limits): Promise<void> {
  const { points, windowSeconds, seconds } = limits;
  const wrong = await world.wrong();
  const windows = Math.ceil(seconds / windowSeconds) + 1 + ledger.forgotten;
  for (const user of TARGETS) {
    const count = wrong.get(user) ?? 0;
    if (count > points * windows)
      ledger.violate('guessed', `${count} passwords of ${user} in ${windows} windows`);
  }
}
