import { alternate, type Running, stop } from '../compare.js';
import { beginSessions, lanesOver } from '../contender.js';
import { type Credential, credentials, type Headers } from '../load/messages.js';
import { say } from '../progress.js';
import { ratioOf } from '../report/ratio-section.js';
import { number, ratioText, type Section } from '../report/section.js';
import { ServerProcess } from '../server/process.js';
import type { Setting } from '../setting.js';
import { median, spread } from '../stats.js';
import { BARE, FULL_CHAIN } from './calls.js';
import type { Experiment } from './experiment.js';

/** Sessions of one person each are the dearest; with ten each, what is kept of people is shared. */
interface Holder {
  readonly name: string;
  readonly setting: Setting;
  readonly credential: Credential;
  readonly each: number;
}

const BARE_SETTING: Setting = { variant: 'bare', answers: 'json' };
const OURS: Setting = { variant: 'ours-full', answers: 'json', verifier: 'plain' };
const HOLDERS: readonly Holder[] = [
  { name: BARE, setting: BARE_SETTING, credential: 'none', each: 1 },
  { name: FULL_CHAIN, setting: OURS, credential: 'basic', each: 1 },
  { name: `${FULL_CHAIN}, 10 sessions for each person`, setting: OURS, credential: 'basic', each: 10 },
];
/** So many before the first measure, so that what is made once is not shared out among the sessions. */
const FIRST = 50;

/** Long, since the server that holds most sessions has had many calls already. */
const WARM_UP = 8000;

interface Held {
  /** Bytes for each session, at each of the numbers. */
  readonly bytes: number[];
  readonly server: ServerProcess;
  readonly sessions: Headers[];
}

async function hold({ name, setting, credential, each }: Holder, counts: readonly number[]): Promise<Held> {
  const server = await ServerProcess.start(setting);
  const who = (index: number): Headers => credentials(credential, `user-${Math.floor(index / each)}`);
  const sessions = await beginSessions(server, FIRST, who);
  const empty = await server.ask('heap');
  const bytes: number[] = [];
  for (const count of counts) {
    say(`${name}: ${count} sessions`);
    const missing = count - (sessions.length - FIRST);
    const from = sessions.length;
    sessions.push(...(await beginSessions(server, missing, (index) => who(from + index))));
    bytes.push(((await server.ask('heap')) - empty) / count);
  }
  return { bytes, server, sessions };
}

/** Heap for each session that is held, and what a call costs where many are. */
export const sessions: Experiment = {
  name: 'sessions',
  async run({ scale }) {
    const counts = scale.sessions;
    const [few = 0, most = 0] = [counts[0], counts.at(-1)];
    const held = new Map<string, Held>();
    try {
      for (const holder of HOLDERS) {
        const found = await hold(holder, counts);
        held.set(holder.name, found);
        if (holder.each > 1) await found.server[Symbol.asyncDispose]();
      }
      const bare = held.get(BARE)?.bytes ?? [];
      const above = ({ bytes }: Held): number => ((bytes.at(-1) ?? 0) - (bare.at(-1) ?? 0)) / 1024;
      const heap: Section = {
        id: 'heap',
        head: ['KB of heap for each session', ...counts.map(String), `above bare, at ${most}`],
        rows: [...held].map(([name, found]) => [
          name,
          ...found.bytes.map((value) => number(value / 1024)),
          name === BARE ? '' : `**${number(above(found))}**`,
        ]),
        facts: {
          heap: spread([...held].filter(([name]) => name === FULL_CHAIN).map(([, found]) => above(found))),
        },
      };

      const nameOf = (name: string, count: number): string => `${name}, ${count}`;
      const running: Running[] = [];
      try {
        for (const holder of HOLDERS.filter(({ each }) => each === 1)) {
          const { server, sessions: all } = held.get(holder.name) ?? (await hold(holder, [most]));
          running.push({ name: nameOf(holder.name, most), server, callers: lanesOver(server, all) });
          const small = await hold(holder, [few - FIRST]);
          const callers = lanesOver(small.server, small.sessions);
          running.push({ name: nameOf(holder.name, few), server: small.server, callers });
        }
        const costs = await alternate(running, { ...scale.calls, warmUp: WARM_UP });
        const ratio = (name: string) => ratioOf(costs, nameOf(name, most), nameOf(name, few));
        const growth: Section = {
          id: 'growth',
          head: ['CPU of one call, ms', `${few} sessions`, `${most} sessions`, 'ratio (quartiles)'],
          rows: [BARE, FULL_CHAIN].map((name) => [
            name,
            ...[few, most].map((count) => median(costs.get(nameOf(name, count)) ?? []).toFixed(3)),
            ratioText(ratio(name)),
          ]),
          facts: { growth: ratio(FULL_CHAIN) },
        };
        return [heap, growth];
      } finally {
        await stop(running);
      }
    } finally {
      await Promise.all([...held.values()].map(({ server }) => server[Symbol.asyncDispose]()));
    }
  },
};
