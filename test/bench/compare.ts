import type { Contender } from './contender.js';
import type { Caller } from './load/lane.js';
import { closedLoop } from './load/loops.js';
import { say } from './progress.js';
import { ServerProcess } from './server/process.js';

/** How long, how often. */
export interface Plan {
  /** Each generation measures processes of its own: two of the same code differ, too. */
  readonly generations: number;
  readonly rounds: number;
  /** Calls of one round, and before the first. */
  readonly calls: number;
  readonly warmUp: number;
}

/** A turn is over after so long, whatever it has called: hashing takes its time, and so does a busy machine. */
const TURN_MS = 2000;
const WARM_UP_MS = 5000;

/** A server and those that call it. */
export interface Running {
  readonly name: string;
  readonly server: ServerProcess;
  readonly callers: readonly Caller[];
}

/** Milliseconds of CPU for each call, round by round; equal places were measured beside each other. */
export type Costs = ReadonlyMap<string, readonly number[]>;

/** Starts them all, and measures them in turn. */
export async function compare(contenders: readonly Contender[], plan: Plan): Promise<Costs> {
  const costs = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let generation = 1; generation <= plan.generations; generation += 1) {
    const running: Running[] = [];
    try {
      for (const contender of contenders) {
        say(`${generation}/${plan.generations}: starts ${contender.name}`);
        running.push(await start(contender));
      }
      await alternate(running, plan, costs);
    } finally {
      await stop(running);
    }
  }
  return costs;
}

/** Starts one, and its callers. */
export async function start({ name, setting, callers }: Contender): Promise<Running> {
  const server = await ServerProcess.start(setting);
  try {
    return { name, server, callers: await callers(server) };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

export async function stop(running: readonly Running[]): Promise<void> {
  await Promise.all(running.map(({ server }) => server[Symbol.asyncDispose]()));
}

/** Warms them up, then measures them in turn; every other round in reverse, so that drift meets all alike. */
export async function alternate(
  running: readonly Running[],
  plan: Plan,
  costs: Map<string, number[]> = new Map(running.map(({ name }) => [name, []])),
): Promise<Map<string, number[]>> {
  for (const { name, callers } of running) {
    say(`warms up ${name}`);
    await round(callers, plan.warmUp, WARM_UP_MS);
  }
  for (let number = 0; number < plan.rounds; number += 1) {
    for (const { name, server, callers } of number % 2 === 0 ? running : running.toReversed()) {
      say(`round ${number + 1}/${plan.rounds}: ${name}`);
      costs.get(name)?.push(await round(callers, plan.calls, TURN_MS, server));
    }
  }
  return costs;
}

/** One turn of one server. Resolves to milliseconds of CPU for each call. */
async function round(
  callers: readonly Caller[],
  calls: number,
  milliseconds: number,
  server?: ServerProcess,
): Promise<number> {
  await Promise.all(callers.map((caller) => caller.renew()));
  await closedLoop(callers, callers.length, milliseconds);
  const before = await server?.ask('cpu');
  const served = await closedLoop(callers, calls, milliseconds);
  const after = await server?.ask('cpu');
  for (const caller of callers) await caller.tidy?.();
  return ((after ?? 0) - (before ?? 0)) / served;
}
