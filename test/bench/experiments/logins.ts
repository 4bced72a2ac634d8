import { credentialOf } from '../contender.js';
import { credentials, initialize } from '../load/messages.js';
import { addressesOf, countByStatus, countText, storm } from '../load/storm.js';
import { say } from '../progress.js';
import { number, type Section } from '../report/section.js';
import { ServerProcess } from '../server/process.js';
import type { Delay } from '../server/questions.js';
import { type Setting, VERIFIER_MS } from '../setting.js';
import { median, quantile } from '../stats.js';
import type { Experiment } from './experiment.js';

const PER_SECOND = 500;
const ADDRESSES = 500;

interface Contestant {
  readonly name: string;
  readonly setting: Setting;
}

const CONTESTANTS: readonly Contestant[] = [
  { name: 'SDK v1, bare: no login', setting: { variant: 'bare', answers: 'json' } },
  {
    name: `ours, a verifier that waits ${VERIFIER_MS} ms`,
    setting: { variant: 'ours-full', answers: 'json', verifier: 'waits' },
  },
  {
    name: 'ours, scrypt: far more than the machine can hash',
    setting: { variant: 'ours-full', answers: 'json' },
  },
];

interface Found {
  readonly delays: Delay[];
  readonly latencies: number[];
  readonly statuses: Record<string, number>;
}

/** How late the event loop is while so many people a second log in for the first time and begin a session. */
export const logins: Experiment = {
  name: 'logins',
  async run({ scale: { stormSeconds, stormRounds } }) {
    const found = new Map<string, Found>();
    for (const { name } of CONTESTANTS) found.set(name, { delays: [], latencies: [], statuses: {} });
    for (let round = 1; round <= stormRounds; round += 1) {
      for (const contestant of CONTESTANTS) {
        say(`round ${round}/${stormRounds}: ${contestant.name}`);
        await weather(contestant, stormSeconds * 1000, found.get(contestant.name));
      }
    }
    const text = (values: readonly number[]): string => number(median(values));
    const section: Section = {
      id: 'logins',
      head: [
        `${PER_SECOND} logins a second`,
        'loop late, p50, ms',
        'p99, ms',
        'most, ms',
        'answer, p50, ms',
        'answers',
      ],
      rows: [...found].map(([name, { delays, latencies, statuses }]) => [
        name,
        text(delays.map(({ p50 }) => p50)),
        text(delays.map(({ p99 }) => p99)),
        text(delays.map(({ max }) => max)),
        number(quantile(latencies, 0.5)),
        countText(statuses),
      ]),
    };
    return [section];
  },
};

async function weather(
  { setting }: Contestant,
  milliseconds: number,
  found: Found | undefined,
): Promise<void> {
  await using server = await ServerProcess.start(setting);
  const kind = credentialOf[setting.variant];
  const addresses = addressesOf(1, ADDRESSES);
  const begin = (from: number) => (index: number) => initialize(credentials(kind, `user-${from + index}`));
  const common = { port: server.port, perSecond: PER_SECOND, addresses };
  // Cold code is late for reasons of its own.
  await storm({ ...common, milliseconds: 1000, request: begin(0) });
  await server.ask('watchDelay');
  const outcomes = await storm({ ...common, milliseconds, request: begin(1_000_000) });
  found?.delays.push(await server.ask('delay'));
  found?.latencies.push(...outcomes.map((outcome) => outcome.milliseconds));
  for (const [status, count] of Object.entries(countByStatus(outcomes)))
    if (found) found.statuses[status] = (found.statuses[status] ?? 0) + count;
}
