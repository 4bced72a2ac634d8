import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { start, stop } from '../compare.js';
import { inSessions, LANES } from '../contender.js';
import { callTimes, openLoop } from '../load/loops.js';
import { countText } from '../load/storm.js';
import { say } from '../progress.js';
import { number, ratioText } from '../report/section.js';
import type { Setting } from '../setting.js';
import { median, quantile, ratios, spread } from '../stats.js';
import type { Experiment } from './experiment.js';

const run = promisify(execFile);
const FLOOD = fileURLToPath(new URL('../load/flood.js', import.meta.url));
const SETTING: Setting = { variant: 'ours-full', answers: 'json' };
const HONEST_PER_SECOND = 200;
const WRONG_PER_SECOND = 1000;

/** Honest callers beside a flood of wrong passwords, and the same callers without: in turn, on servers of their own. */
export const flood: Experiment = {
  name: 'flood',
  async run({ scale: { stormSeconds, stormRounds } }) {
    const milliseconds = stormSeconds * 1000;
    const calm = await start(inSessions('without', SETTING));
    const stormy = await start(inSessions('with', SETTING));
    const found = { calm: [] as number[][], stormy: [] as number[][] };
    const answers: Record<string, number> = {};

    const honest = async ({ callers }: typeof calm): Promise<number[]> => {
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
    };

    try {
      for (const { callers } of [calm, stormy]) {
        await Promise.all(callers.map((caller) => caller.renew()));
        await callTimes(callers, 2000);
      }
      for (let number = 1; number <= stormRounds; number += 1) {
        say(`round ${number}/${stormRounds}: without`);
        found.calm.push(await honest(calm));
        say(`round ${number}/${stormRounds}: with`);
        // New addresses in each round: those of the last are locked out.
        const words = [stormy.server.port, WRONG_PER_SECOND, milliseconds, number, LANES].map(String);
        const flooding = run(process.execPath, [FLOOD, ...words]);
        const [times, { stdout }] = await Promise.all([honest(stormy), flooding]);
        found.stormy.push(times);
        for (const [status, count] of Object.entries(JSON.parse(stdout) as Record<string, number>))
          answers[status] = (answers[status] ?? 0) + count;
      }
    } finally {
      await stop([calm, stormy]);
    }

    const at = (share: number, rounds: readonly number[][]): number[] =>
      rounds.map((round) => quantile(round, share));
    const row = (name: string, rounds: readonly number[][], said: string): string[] => [
      name,
      number(median(at(0.5, rounds))),
      number(median(at(0.99, rounds))),
      said,
    ];
    const ratio = spread(ratios(at(0.99, found.stormy), at(0.99, found.calm)));
    return [
      {
        id: 'flood',
        head: [`${HONEST_PER_SECOND} honest calls a second`, 'p50, ms', 'p99, ms', 'what the flood was told'],
        rows: [
          row('without a flood', found.calm, ''),
          row(`with ${WRONG_PER_SECOND} wrong passwords a second`, found.stormy, countText(answers)),
          ['p99 with against without', '', ratioText(ratio), ''],
        ],
        facts: { flood: ratio },
      },
    ];
  },
};
