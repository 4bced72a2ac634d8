import { randomBytes } from 'node:crypto';

import { redisServer } from '../../support/redis-server.js';
import { type Contender, contender } from './contender.js';
import { measure, type Plan, type Round } from './measure.js';

export interface Result {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/** Memory beside Redis with more and more processes, in turn, so that what the machine does to one it does to all. */
export async function run(plan: Plan, onRound: (text: string) => void): Promise<readonly Result[]> {
  await using redis = await redisServer();
  const common = { url: redis.url, secret: randomBytes(32).toString('hex') };
  const contenders: Contender[] = [];
  try {
    contenders.push(await contender({ name: 'memory, 1 process', processes: 1 }));
    for (const processes of [1, 2, 4]) {
      const name = `Redis, ${processes} ${processes === 1 ? 'process' : 'processes'}`;
      contenders.push(await contender({ name, processes, redis: common }));
    }
    const results = contenders.map(({ name }) => ({ name, rounds: [] as Round[] }));
    // The first round warms up, and does not count.
    for (let round = 0; round <= plan.rounds; round += 1) {
      // Each is first as often as last.
      const order = round % 2 === 0 ? contenders : contenders.toReversed();
      for (const one of order) {
        onRound(`round ${round} of ${plan.rounds}: ${one.name}`);
        const measured = await measure(one, redis, plan);
        if (round > 0) results.find(({ name }) => name === one.name)?.rounds.push(measured);
      }
    }
    return results;
  } finally {
    for (const one of contenders) await one[Symbol.asyncDispose]();
  }
}
