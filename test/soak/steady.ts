import { begin, type Held, type Scene, whoami } from './actions.js';
import { person } from './people.js';

/** Sessions that live as long as the run and are called again and again: what is kept of a call shows in them. */
export type Steady = readonly Held[];

const PATHS = ['/steady', '/steady/json'] as const;
const EACH = 4;
/** Nobody else has these numbers. */
const FIRST_PERSON = 2_000_000;

export async function beginSteady(scene: Scene): Promise<Steady> {
  const begun: Held[] = [];
  for (const [index, path] of PATHS.flatMap((path) => Array.from({ length: EACH }, () => path)).entries()) {
    const held = await begin(scene, person(FIRST_PERSON + index), path);
    if (held) begun.push(held);
    else scene.tally.fault('a steady session did not begin');
  }
  return begun;
}

export async function callSteady(scene: Scene, steady: Steady): Promise<void> {
  const held = steady[scene.chance.between(0, steady.length - 1)];
  if (!held) return;
  scene.tally.count('steady', held.path ?? '');
  if (!(await whoami(scene, held))) scene.tally.fault('a steady session has ended');
}
