import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import { guess, steal } from './attackers.js';
import { begin, beginSome, endSome, use } from './owners.js';
import { PEOPLE, PROBE, STRANGER } from './people.js';
import type { Scene } from './request.js';

type Deed = (scene: Scene, random: Random) => Promise<void>;

/** Who does what, how many of them, and how long each pauses on average (milliseconds). */
const DEEDS: readonly (readonly [deed: Deed, count: number, pauseMs: number])[] = [
  [use, 4, 15],
  [guess, 2, 20],
  [steal, 1, 25],
  [beginSome, 1, 60],
  [endSome, 1, 150],
];

/** Everybody is known by every node, and their addresses by Redis: from then on nobody else's guesses hold them up. */
export async function prepare(scene: Scene): Promise<void> {
  for (const place of scene.world.places)
    for (const user of [...PEOPLE, PROBE, STRANGER]) await begin(scene, place, user, 'first login');
}

/** Everybody who wants something of the nodes. Answers the way to stop. */
export function startLoad(scene: Scene, random: Random): () => Promise<unknown> {
  let isOver = false;
  const loop = async (deed: Deed, pauseMs: number): Promise<void> => {
    const own = random.fork();
    while (!isOver) {
      await deed(scene, own);
      await wait(own.between(0, 2 * pauseMs));
    }
  };
  const working = DEEDS.flatMap(([deed, count, pauseMs]) =>
    Array.from({ length: count }, () => loop(deed, pauseMs)),
  );
  return () => {
    isOver = true;
    return Promise.all(working);
  };
}
