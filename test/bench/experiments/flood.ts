import { setTimeout as delay } from 'node:timers/promises';

import { type Running, start, stop } from '../compare.js';
import { inSessions, LANES } from '../contender.js';
import { readyFlood } from '../load/flooding.js';
import { callTimes, openLoop } from '../load/loops.js';
import { countText } from '../load/storm.js';
import { say } from '../progress.js';
import { number, ratioText } from '../report/section.js';
import type { Setting } from '../setting.js';
import { median, quantile, ratios, type Spread, spread } from '../stats.js';
import type { Experiment } from './experiment.js';

const HONEST_PER_SECOND = 200;
const WRONG_PER_SECOND = 1000;
const WARM_UP = { milliseconds: 3000, block: 200 } as const;
/** A flood that has just begun is compiled while it falls behind, and then comes in gushes. */
const LEAD_MS = 2000;

/** A server, with a flood and without: two processes. */
interface Contestant {
  readonly name: string;
  readonly calm: Running;
  readonly stormy: Running;
  /** Milliseconds of honest calls, round by round. */
  readonly times: Readonly<Record<'calm' | 'stormy', number[][]>>;
  /** What the flood was told, by status. */
  readonly answers: Record<string, number>;
}

async function enter(name: string, setting: Setting): Promise<Contestant> {
  const calm = await start(inSessions(`${name}, without`, setting));
  const stormy = await start(inSessions(`${name}, with`, setting));
  for (const { callers } of [calm, stormy]) {
    await Promise.all(callers.map((caller) => caller.renew()));
    await callTimes(callers, 2000);
  }
  // Refusing is compiled before it is measured, like serving.
  const warmUp = await floodOf(stormy, WARM_UP);
  await warmUp();
  return { name, calm, stormy, times: { calm: [], stormy: [] }, answers: {} };
}

const floodOf = ({ server: { port } }: Running, part: { milliseconds: number; block: number }) =>
  readyFlood({ port, perSecond: WRONG_PER_SECOND, people: LANES, ...part });

/** How long each honest call took. */
function honest({ callers }: Running, milliseconds: number): Promise<number[]> {
  // A caller whose last answer is still to come is late, and that counts.
  const ends: Promise<unknown>[] = callers.map(() => Promise.resolve());
  return openLoop(HONEST_PER_SECOND, milliseconds, async (index) => {
    const since = performance.now();
    const lane = index % callers.length;
    const served = (ends[lane] ?? Promise.resolve()).then(() => callers[lane]?.call());
    ends[lane] = served;
    await served;
    return performance.now() - since;
  });
}

async function weather({ calm, stormy, times, answers }: Contestant, milliseconds: number, round: number) {
  times.calm.push(await honest(calm, milliseconds));
  const begin = await floodOf(stormy, { milliseconds: LEAD_MS + milliseconds, block: round });
  const flooding = begin();
  await delay(LEAD_MS);
  times.stormy.push(await honest(stormy, milliseconds));
  for (const [status, count] of Object.entries(await flooding))
    answers[status] = (answers[status] ?? 0) + count;
}

const at = (share: number, rounds: readonly number[][]): number[] =>
  rounds.map((round) => quantile(round, share));

const worsened = ({ times: { calm, stormy } }: Contestant): Spread =>
  spread(ratios(at(0.99, stormy), at(0.99, calm)));

function rowsOf({ name, times: { calm, stormy }, answers }: Contestant, ratio: Spread): string[][] {
  const row = (said: string, rounds: readonly number[][], told: string, compared: string): string[] => [
    `${name}, ${said}`,
    number(median(at(0.5, rounds))),
    number(median(at(0.99, rounds))),
    compared,
    told,
  ];
  return [row('calm', calm, '', ''), row('under the flood', stormy, countText(answers), ratioText(ratio))];
}

/**
 * Honest callers beside a flood of wrong passwords, and the same callers without, in turn, on servers of their own; and
 * the same again at a server that refuses at once whatever it is shown, and hashes nothing: what the machine makes of it.
 */
export const flood: Experiment = {
  name: 'flood',
  async run({ scale: { stormSeconds, stormRounds } }) {
    const entered: Contestant[] = [];
    try {
      const theirs = await enter('SDK, `requireBearerAuth`', { variant: 'sdk-bearer', answers: 'json' });
      entered.push(theirs);
      const ours = await enter('full chain', { variant: 'ours-full', answers: 'json' });
      entered.push(ours);
      for (let round = 1; round <= stormRounds; round += 1) {
        for (const contestant of entered) {
          say(`round ${round}/${stormRounds}: ${contestant.name}`);
          await weather(contestant, stormSeconds * 1000, round);
        }
      }
      const ratio = worsened(ours);
      return [
        {
          id: 'flood',
          head: [
            `${HONEST_PER_SECOND} honest calls a second; ${WRONG_PER_SECOND} wrong credentials a second`,
            'p50, ms',
            'p99, ms',
            'p99 against calm',
            'what the flood was told',
          ],
          rows: [...rowsOf(theirs, worsened(theirs)), ...rowsOf(ours, ratio)],
          facts: { flood: ratio },
        },
      ];
    } finally {
      await stop(entered.flatMap(({ calm, stormy }) => [calm, stormy]));
    }
  },
};
