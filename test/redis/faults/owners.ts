import { initialize, toolCall } from '../../support/call.js';
import { digest } from '../../support/children/chain.js';
import type { Random } from '../../support/random.js';
import { textOf } from '../../support/session.js';
import type { Owned } from './ledger.js';
import { PEOPLE, personOf } from './people.js';
import { type Got, mustBe, type Scene, send } from './request.js';
import type { Place } from './world.js';

/** Sessions that are kept going. */
const WANTED = 24;
/** An ended session may be served by a node that cannot ask, and for as long after it can. */
const RECOVERY_MS = 2000;

let calls = 0;

/** A new session of somebody; resolves to its id where it was given. */
export async function begin(
  scene: Scene,
  place: Place,
  user: string,
  who = 'new session',
): Promise<string | undefined> {
  const { ledger } = scene;
  const since = performance.now();
  const got = await send(scene, place, { who, ...personOf(user), body: initialize() });
  const id = got.headers['mcp-session-id'];
  if (got.status === 200 && typeof id === 'string') return id;
  if (got.status === 429 && !ledger.isKnown(user)) ledger.note('429 as Redis had forgotten who is known');
  else if (got.status === 404 && ledger.mayBeForgotten(since)) ledger.note('404 as Redis forgot what began');
  else mustBe(scene, [0, 503], got, 'refused', `${who} of ${user} at ${place.name}`);
  return undefined;
}

export async function beginSome(scene: Scene, random: Random): Promise<void> {
  const { world, ledger } = scene;
  if (ledger.live().length >= WANTED) return;
  const user = random.pick(PEOPLE);
  const since = performance.now();
  const id = await begin(scene, random.pick(world.places), user);
  if (id !== undefined) ledger.begun(id, user, since);
}

/** An owner uses a session, or one that is over. */
export async function use(scene: Scene, random: Random): Promise<void> {
  const { world, ledger } = scene;
  const pool = ledger.over.length > 0 && random.next() < 0.15 ? ledger.over : ledger.live();
  if (pool.length === 0) return;
  const session = random.pick(pool);
  const place = random.pick(world.places);
  const since = performance.now();
  // Two requests of one session under one id are one to the SDK.
  calls += 1;
  const got = await send(scene, place, {
    who: session.state === 'over' ? 'ended session' : 'session',
    ...personOf(session.owner),
    session: session.id,
    body: toolCall('token', {}, calls),
  });
  const what = `session of ${session.owner} at ${place.name}`;
  if (got.status === 200) served(scene, session, place, since, got, what);
  else if (got.status === 404) {
    if (session.state !== 'live') return;
    ledger.settle(session, 'unsure');
    const [age, idle] = [session.begunAt, session.usedAt].map((at) => Math.round(since - at));
    ledger.violate('lost', `${what}, begun ${age} ms ago, served ${idle} ms ago`);
  } else if (got.status === 429 && !ledger.isKnown(session.owner))
    ledger.note('429 as Redis had forgotten who is known');
  else mustBe(scene, [0, 503], got, 'refused', what);
}

function served(
  { ledger, world, knownMs }: Scene,
  session: Owned,
  place: Place,
  since: number,
  got: Got,
  what: string,
): void {
  session.usedAt = since;
  const issued = world.loginOf(session.id);
  const text = textOf({ ...got, challenges: [], code: undefined });
  if (text !== digest(issued?.token)) ledger.violate('bypass', `${what}: not its token, but ${text}`);
  if (since < session.overAt) return;
  const age = since - session.overAt;
  const isKnown = since - place.disturbedAt() < RECOVERY_MS && age < knownMs + RECOVERY_MS;
  if (isKnown) ledger.note('ended session served by a node that could not ask');
  else ledger.violate('bypass', `${what}: served ${Math.round(age)} ms after its end`);
}

/** An owner ends a session, or an operator does. */
export async function endSome(scene: Scene, random: Random): Promise<void> {
  const { world, ledger } = scene;
  const live = ledger.live();
  if (live.length < WANTED / 2) return;
  const session = random.pick(live);
  const place = random.pick(world.places);
  session.state = 'ending';
  const ended = random.next() < 0.5 ? end(scene, place, session) : revoke(scene, place, session);
  const isOver = await ended;
  // Redis may have forgotten it meanwhile.
  if (ledger.sessions.has(session)) ledger.settle(session, isOver ? 'over' : 'unsure');
}

export async function end(
  scene: Scene,
  place: Place,
  session: Pick<Owned, 'id' | 'owner'>,
): Promise<boolean> {
  const { ledger } = scene;
  const { id, owner } = session;
  const got = await send(scene, place, { who: 'delete', ...personOf(owner), method: 'DELETE', session: id });
  if (got.status === 404 && ledger.sessions.has(session as Owned))
    ledger.violate('lost', `delete at ${place.name}`);
  else if (got.status !== 200 && got.status !== 429)
    mustBe(scene, [0, 404, 503], got, 'refused', `delete of ${owner} at ${place.name}`);
  return got.status === 200;
}

async function revoke({ ledger }: Scene, place: Place, { id }: Owned): Promise<boolean> {
  const ended = await place.node.revoke({ sessionId: id }).catch(() => undefined);
  ledger.count('revoke', ended === undefined ? 'failed' : `${ended} ended`);
  return ended === 1;
}
