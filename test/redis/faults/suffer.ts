import { setTimeout as wait } from 'node:timers/promises';

import type { Kind } from './kinds.js';
import type { Ledger } from './ledger.js';
import type { Load } from './load.js';
import { PROBE } from './people.js';
import type { Random } from './random.js';
import type { Place, World } from './world.js';

export interface Suffering {
  readonly stage: World;
  readonly load: Load;
  readonly ledger: Ledger;
  readonly kind: Kind;
  readonly random: Random;
}

const GIVE_UP_MS = 15_000;

/** One fault, from its beginning until all is as before. Resolves to what it was. */
export async function suffer(suffering: Suffering): Promise<string> {
  const { stage, ledger, kind, random } = suffering;
  const { places } = stage;
  const between = kind.isBetween && random.next() < 0.5 ? [random.pick(places)] : places;
  const forMs = random.between(200, 2000);
  if (!kind.isHarmless) for (const place of between) place.disturb();
  if (kind.forgets) ledger.flushed();
  const lift = await kind.inject(stage, between, random);
  // What was being answered before it happened is forgotten as well.
  if (kind.forgets) ledger.flushed();
  await wait(forMs);
  await lift();
  const since = performance.now();
  await Promise.all(places.map((place) => recovery(suffering, place, since)));
  if (!kind.isHarmless) for (const place of between) place.calm();
  return `${kind.name} (${between.length === places.length ? 'all' : between[0]?.name}, ${forMs} ms)`;
}

/** Waits until a node gives out sessions again: to somebody it knows, and to somebody new. */
async function recovery(
  { load, ledger, kind, random }: Suffering,
  place: Place,
  since: number,
): Promise<void> {
  for (const user of [PROBE, `new-${random.between(0, 2 ** 31)}`]) {
    let id: string | undefined;
    while (id === undefined) {
      id = await load.begin(place, user, 'recovery');
      if (id === undefined) await wait(20);
      if (performance.now() - since < GIVE_UP_MS) continue;
      ledger.violate('unexpected', `${place.name} has not recovered from: ${kind.name}`);
      return;
    }
    await load.delete({ id, owner: user, state: 'ending', overAt: 0 }, place);
  }
  ledger.recoveryMs.push(performance.now() - since);
}
