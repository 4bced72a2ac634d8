import { randomBytes } from 'node:crypto';

import { initialize, toolCall } from '../../support/call.js';
import type { Random } from '../../support/random.js';
import { personOf, STRANGER, TARGETS } from './people.js';
import { mustBe, type Scene, send } from './request.js';

/** Somebody who does not know the password. */
export async function guess(scene: Scene, random: Random): Promise<void> {
  const { world, ledger } = scene;
  const user = random.pick(TARGETS);
  const live = ledger.live().filter(({ owner }) => owner === user);
  const session = live.length > 0 && random.next() < 0.5 ? random.pick(live) : undefined;
  const got = await send(scene, random.pick(world.places), {
    who: 'guess',
    user,
    password: randomBytes(8).toString('hex'),
    address: `10.${random.between(0, 255)}.${random.between(0, 255)}.${random.between(1, 254)}`,
    ...(session && { session: session.id }),
    body: session ? toolCall('whoami') : initialize(),
  });
  mustBe(scene, [0, 401, 429, 503], got, 'bypass', `guess at ${user}`);
}

/** Somebody proven, with a session of somebody else. */
export async function steal(scene: Scene, random: Random): Promise<void> {
  const { world, ledger } = scene;
  const live = ledger.live();
  if (live.length === 0) return;
  const { id: session, owner } = random.pick(live);
  const method = random.pick(['POST', 'GET', 'DELETE']);
  const got = await send(scene, random.pick(world.places), {
    who: 'stolen id',
    ...personOf(STRANGER),
    method,
    session,
    ...(method === 'POST' && { body: toolCall('whoami') }),
  });
  mustBe(scene, [0, 404, 503], got, 'bypass', `stolen session of ${owner}: ${method}`);
}
