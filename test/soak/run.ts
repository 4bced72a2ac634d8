import { random } from '../support/random.js';
import {
  abort,
  begin,
  end,
  guess,
  type Held,
  LONGEST_CALL_MS,
  listen,
  readSlowly,
  type Scene,
  steal,
  whoami,
} from './actions.js';
import { person } from './people.js';
import type { Leak, Sample } from './sample.js';
import { type SoakedServer, soakedServer } from './soaked-server.js';
import { beginSteady, callSteady, type Steady } from './steady.js';
import { Tally } from './tally.js';
import { verdict } from './verdict.js';
import { agentOf } from './wire.js';

export interface SoakOptions {
  readonly seconds: number;
  /** How many are open at the height of a wave. */
  readonly sessions: number;
  readonly seed: number;
  /** How long those that are open are used in each wave. */
  readonly busySeconds?: number;
  readonly leak?: Leak;
  readonly onSample?: (sample: Sample, phase: string) => void;
}

export interface SoakReport {
  readonly samples: readonly Sample[];
  readonly answers: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

const LANES = 24;
/** What the verdict wants. */
const FEWEST_WAVES = 5;
/** Of these many waves, one begins with guards and a handler of its own. */
const REMOUNT_EVERY = 4;
const SAMPLE_MS = 1000;
const QUIET_PATIENCE_MS = 90_000;

/** Waves of sessions, whose callers do what callers do, until the time is up; between them nobody calls. */
export async function soak({
  seconds,
  sessions,
  seed,
  busySeconds = Math.max(3, sessions / 500),
  leak,
  onSample,
}: SoakOptions): Promise<SoakReport> {
  const setting = { maxSessions: sessions + 100, idleSeconds: Math.max(2, sessions / 150) };
  await using server = await soakedServer({ ...setting, ...(leak && { leak }) });
  const scene = { port: server.port, agent: agentOf(), chance: random(seed), tally: new Tally() };
  const steady = await beginSteady(scene);
  const samples: Sample[] = [];
  const since = performance.now();
  const isOver = (): boolean => performance.now() - since > seconds * 1000;
  let phase = 'begins';
  const take = async (isQuiet: boolean): Promise<Sample> => {
    const said = await server.ask('sample', isQuiet);
    return {
      ...said,
      atMs: Math.round(performance.now() - since),
      sessions: said.sessions - steady.length,
    };
  };
  const keep = (sample: Sample): void => {
    samples.push(sample);
    onSample?.(sample, phase);
  };
  let sampling = Promise.resolve();
  const timer = setInterval(() => {
    sampling = sampling.then(async () => keep(await take(false))).catch(() => {});
  }, SAMPLE_MS);
  try {
    for (let wave = 1; wave <= FEWEST_WAVES || !isOver(); wave += 1) {
      phase = `wave ${wave}`;
      if (wave % REMOUNT_EVERY === 0) await remount(server, scene);
      const held = await rise(scene, sessions);
      await use(scene, server, held, steady, busySeconds);
      await fall(scene, server, held);
      scene.agent.destroy();
      keep(await quiet(take));
    }
  } finally {
    clearInterval(timer);
    await sampling;
    scene.agent.destroy();
  }
  const { answers, faults } = scene.tally;
  const tooFew = (answers['whoami: 200'] ?? 0) <= (answers['whoami: 404'] ?? 0) ? ['few were served'] : [];
  return { samples, answers, findings: verdict(samples, [...server.faults, ...faults, ...tooFew]) };
}

async function remount(server: SoakedServer, { tally }: Scene): Promise<void> {
  tally.isRemounting = true;
  await server.ask('remount');
  tally.isRemounting = false;
}

/** Does `work` in some lanes at once until it says that there is no more. */
async function inLanes(tally: Tally, work: () => Promise<boolean>): Promise<void> {
  const lane = async (): Promise<void> => {
    for (;;) {
      try {
        if (!(await work())) return;
      } catch (error) {
        tally.fault(`a connection failed: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Four sessions for each person. */
async function rise(scene: Scene, sessions: number): Promise<Held[]> {
  const held: Held[] = [];
  let begun = 0;
  await inLanes(scene.tally, async () => {
    if (begun >= sessions) return false;
    begun += 1;
    const session = await begin(scene, person(begun % Math.ceil(sessions / 4)));
    if (session) held.push(session);
    return true;
  });
  return held;
}

async function use(
  scene: Scene,
  server: SoakedServer,
  held: Held[],
  steady: Steady,
  seconds: number,
): Promise<void> {
  const { chance, tally } = scene;
  const until = performance.now() + seconds * 1000;
  await inLanes(tally, async () => {
    if (performance.now() > until || held.length === 0) return false;
    const at = chance.between(0, held.length - 1);
    const one = held[at];
    if (!one) return false;
    const dice = chance.next();
    if (dice < 0.3) await callSteady(scene, steady);
    else if (dice < 0.68) {
      if (!(await whoami(scene, one))) held.splice(held.indexOf(one) >>> 0, 1);
    } else if (dice < 0.74) await abort(scene, one);
    else if (dice < 0.78) await readSlowly(scene, one);
    else if (dice < 0.84) await listen(scene, one);
    else if (dice < 0.88) await steal(scene, one, person(1_000_000 + at));
    else if (dice < 0.93) await guess(scene);
    else if (dice < 0.97) {
      held.splice(at, 1);
      await end(scene, one);
      const next = await begin(scene, one.person);
      if (next) held.push(next);
    } else {
      const count = await server.ask('revoke', one.person.subject);
      tally.count('revoked', count > 0 ? 'some' : 'none');
    }
    return true;
  });
}

/** A third is ended by its clients, a third is revoked, and the last is left until it is idle. */
async function fall(scene: Scene, server: SoakedServer, held: readonly Held[]): Promise<void> {
  const rest = [...held];
  await inLanes(scene.tally, async () => {
    const one = rest.pop();
    if (!one) return false;
    if (rest.length % 3 === 0) await end(scene, one);
    else if (rest.length % 3 === 1) await server.ask('revoke', one.person.subject);
    return true;
  });
}

/** Waits until no session is left; what is left after all is found by the verdict. */
async function quiet(take: (isQuiet: boolean) => Promise<Sample>): Promise<Sample> {
  const until = performance.now() + QUIET_PATIENCE_MS;
  while (performance.now() < until && (await take(false)).sessions > 0) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  // Connections close, and so do the servers of the last sessions; calls that were left in a steady one come to their end.
  await new Promise((resolve) => setTimeout(resolve, LONGEST_CALL_MS + 300));
  return take(true);
}
