import { setTimeout as wait } from 'node:timers/promises';
import { percentile, type Random, random } from '../../support/random.js';
import { audit, type Left } from './audit.js';
import { KINDS, type Kind } from './kinds.js';
import { Ledger, VIOLATIONS, type Violation } from './ledger.js';
import { prepare, startLoad } from './load.js';
import { PASSWORD } from './people.js';
import { suffer } from './suffer.js';
import { world as openWorld } from './world.js';

export interface Summary {
  readonly seed: number;
  readonly nodes: number;
  readonly client: string;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, number>>;
  /** What may happen, and is worth to be told. */
  readonly notes: Readonly<Record<string, number>>;
  readonly violations: Readonly<Record<Violation, number>>;
  /** Some of each kind, in words. */
  readonly examples: readonly string[];
  readonly left: Left;
  readonly refusedMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly recoveryMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface RunOptions {
  readonly count: number;
  readonly seed: number;
  readonly nodes?: number;
  /** Default: all. */
  readonly kinds?: readonly string[];
  readonly client?: 'redis' | 'ioredis';
  readonly onFault?: (done: number, what: string, ledger: Ledger) => void;
}

const POINTS = 5;
const WINDOW_SECONDS = 60;
const RECHECK_SECONDS = 5;
const EXAMPLES = 10;

/** So many faults in a row, while everybody goes on working. */
export async function run(options: RunOptions): Promise<Summary> {
  const { count, seed, nodes = 3, client = 'redis', onFault } = options;
  const chance = random(seed);
  const ledger = new Ledger();
  const faults: Record<string, number> = {};
  await using world = await openWorld({
    nodes,
    redis: { client },
    users: { '*': PASSWORD },
    proofSeconds: 86_400,
    limiter: { points: POINTS, durationSeconds: WINDOW_SECONDS },
    binding: { maxSessionsPerPrincipal: 1000, recheckSeconds: RECHECK_SECONDS },
  });
  const scene = { world, ledger, knownMs: RECHECK_SECONDS * 1000 };
  await prepare(scene);
  const since = performance.now();
  const stop = startLoad(scene, chance.fork());
  let bag: Kind[] = [];
  for (let done = 1; done <= count; done += 1) {
    if (bag.length === 0) bag = shuffled(options.kinds, chance);
    const kind = bag.pop() as Kind;
    faults[kind.name] = (faults[kind.name] ?? 0) + 1;
    const what = await suffer(scene, kind, chance);
    onFault?.(done, what, ledger);
    await wait(chance.between(50, 400));
  }
  await stop();
  const seconds = Math.round((performance.now() - since) / 1000);
  const left = await audit(world, ledger, { points: POINTS, windowSeconds: WINDOW_SECONDS, seconds });
  return {
    ...{ seed, nodes, client, seconds, faults, left },
    notes: ledger.notes,
    requests: Object.fromEntries(Object.entries(ledger.requests).sort()),
    violations: Object.fromEntries(
      VIOLATIONS.map((kind) => [kind, ledger.violations.filter((one) => one.kind === kind).length]),
    ) as Record<Violation, number>,
    examples: VIOLATIONS.flatMap((kind) =>
      ledger.violations
        .filter((one) => one.kind === kind)
        .slice(0, EXAMPLES)
        .map(({ text }) => `${kind}: ${text}`),
    ),
    refusedMs: figures(ledger.refusedMs),
    recoveryMs: figures(ledger.recoveryMs),
  };
}

/** Every kind once, so that none is left to chance. */
function shuffled(names: readonly string[] | undefined, chance: Random): Kind[] {
  const kinds = KINDS.filter(({ name }) => names?.includes(name) ?? true);
  return kinds
    .map((kind) => ({ kind, at: chance.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ kind }) => kind);
}

function figures(values: readonly number[]): { p50: number; p99: number; max: number } {
  const at = (part: number): number => Math.round(percentile(values, part));
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
