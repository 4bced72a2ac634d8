import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import type { Kind } from './kinds.js';
import { begin, end } from './owners.js';
import { PROBE } from './people.js';
import type { Scene } from './request.js';
import type { Place } from './world.js';

const GIVE_UP_MS = 15_000;

/** One fault, from its beginning until all is as before. Resolves to what it was. */
export async function suffer(scene: Scene, kind: Kind, random: Random): Promise<string> {
  const { world, ledger } = scene;
  const { places } = world;
  const between = kind.isBetween && random.next() < 0.5 ? [random.pick(places)] : places;
  const forMs = random.between(200, 2000);
  if (!kind.isHarmless) for (const place of between) place.disturb();
  if (kind.forgets) ledger.flushed(world.logins(), false);
  const where = between.length === places.length ? 'all' : String(between[0]?.name);
  ledger.now = `${kind.name}, ${where}`;
  const lift = await kind.inject(world, between, random);
  // What was being answered before it happened is forgotten as well.
  if (kind.forgets) ledger.flushed(world.logins(), true);
  await wait(forMs);
  await lift();
  ledger.now = `after ${ledger.now}`;
  await Promise.all(places.map((place) => recovery(scene, kind, place, random.fork())));
  if (!kind.isHarmless) for (const place of between) place.calm();
  return `${kind.name}, ${where}, ${forMs} ms`;
}

/** Waits until a node gives out sessions again: to somebody it knows, and to somebody new. */
async function recovery(scene: Scene, kind: Kind, place: Place, random: Random): Promise<void> {
  const { ledger } = scene;
  const since = performance.now();
  for (const owner of [PROBE, `new-${random.between(0, 2 ** 31)}`]) {
    let id = await begin(scene, place, owner, 'recovery');
    while (id === undefined) {
      if (performance.now() - since > GIVE_UP_MS) {
        ledger.violate('unexpected', `${place.name} has not recovered from: ${kind.name}`);
        return;
      }
      await wait(20);
      id = await begin(scene, place, owner, 'recovery');
    }
    await end(scene, place, { id, owner });
  }
  ledger.recoveryMs.push(performance.now() - since);
}
