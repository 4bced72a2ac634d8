import { percentile } from '../../support/random.js';
import type { Round } from './measure.js';
import type { Result } from './run.js';

type Figure = (round: Round, inMemory: Round) => number;

const ROWS: readonly (readonly [what: string, digits: number, figure: Figure])[] = [
  ['calls per CPU second of the processes', 0, ({ callsPerCpuSecond }) => callsPerCpuSecond],
  ['… of those in memory', 2, (round, base) => round.callsPerCpuSecond / base.callsPerCpuSecond],
  ['a call, alone: p50 (ms)', 2, ({ p50 }) => p50],
  ['a call, alone: p99 (ms)', 2, ({ p99 }) => p99],
  ['added to memory: p50 (ms)', 2, (round, base) => round.p50 - base.p50],
  ['added to memory: p99 (ms)', 2, (round, base) => round.p99 - base.p99],
  ['sessions begun per second', 0, ({ sessionsPerSecond }) => sessionsPerSecond],
  ['sessions begun per CPU second of the processes', 0, ({ sessionsPerCpuSecond }) => sessionsPerCpuSecond],
  ['CPU of Redis for 1000 calls (ms)', 0, ({ redisPerCalls }) => redisPerCalls],
  ['CPU of Redis for 1000 new sessions (ms)', 0, ({ redisPerSessions }) => redisPerSessions],
];

/** The median of the rounds; what compares, of each round with the same round in memory. */
export function tableOf(results: readonly Result[]): string {
  const [memory] = results;
  const cell = ({ rounds }: Result, figure: Figure): number =>
    percentile(
      rounds.map((round, i) => figure(round, memory?.rounds[i] ?? round)),
      0.5,
    );
  return [
    `| | ${results.map(({ name }) => name).join(' | ')} |`,
    `|---|${results.map(() => '---:|').join('')}`,
    ...ROWS.map(([what, digits, figure]) => {
      const cells = results.map((result) => cell(result, figure).toFixed(digits));
      return `| ${what} | ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}
