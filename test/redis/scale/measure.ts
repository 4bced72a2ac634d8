import { percentile } from '../../support/random.js';
import type { RedisServer } from '../../support/redis-server.js';
import type { Contender } from './contender.js';

/** What one contender did in one round. */
export interface Round {
  readonly callsPerCpuSecond: number;
  /** Milliseconds, one call at a time. */
  readonly p50: number;
  readonly p99: number;
  readonly sessionsPerSecond: number;
  readonly sessionsPerCpuSecond: number;
  /** CPU of Redis itself for a thousand calls, and for a thousand new sessions, in milliseconds. */
  readonly redisPerCalls: number;
  readonly redisPerSessions: number;
}

export interface Plan {
  readonly rounds: number;
  readonly calls: number;
  readonly sessions: number;
  readonly atOnce: number;
}

interface Burst {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly redisMs: number;
  readonly latencies: readonly number[];
}

export async function measure(contender: Contender, redis: RedisServer, plan: Plan): Promise<Round> {
  const { calls, sessions, atOnce } = plan;
  const burst = async (
    total: number,
    width: number,
    work: (turn: number) => Promise<void>,
  ): Promise<Burst> => {
    const before = { cpu: await contender.cpuMs(), redis: await redisCpuMs(redis), at: performance.now() };
    const latencies = await pump(total, width, work);
    const seconds = (performance.now() - before.at) / 1000;
    const cpuSeconds = ((await contender.cpuMs()) - before.cpu) / 1000;
    return { seconds, cpuSeconds, redisMs: (await redisCpuMs(redis)) - before.redis, latencies };
  };
  const call = (turn: number): Promise<void> => contender.call(turn);
  const single = await burst(Math.ceil(calls / 2), 1, call);
  const many = await burst(calls, atOnce, call);
  const begun = await burst(sessions, atOnce, (turn) => contender.begin(turn));
  await contender.sweep();
  return {
    callsPerCpuSecond: calls / many.cpuSeconds,
    p50: percentile(single.latencies, 0.5),
    p99: percentile(single.latencies, 0.99),
    sessionsPerSecond: sessions / begun.seconds,
    sessionsPerCpuSecond: sessions / begun.cpuSeconds,
    redisPerCalls: (1000 * many.redisMs) / calls,
    redisPerSessions: (1000 * begun.redisMs) / sessions,
  };
}

let turns = 0;

/** Does it so often, `width` at once; resolves to how long each took. */
async function pump(total: number, width: number, work: (turn: number) => Promise<void>): Promise<number[]> {
  const latencies: number[] = [];
  let left = total;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      turns += 1;
      const since = performance.now();
      await work(turns);
      latencies.push(performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return latencies;
}

async function redisCpuMs(redis: RedisServer): Promise<number> {
  const info = String(await redis.command('INFO', 'cpu'));
  const [system = 0, user = 0] = ['sys', 'user'].map((kind) =>
    Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(info)?.[1]),
  );
  return (system + user) * 1000;
}
