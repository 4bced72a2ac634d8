import { compare } from '../compare.js';
import { type Contender, inSessions, sessionless } from '../contender.js';
import { ratioOf } from '../report/ratio-section.js';
import { ratioText } from '../report/section.js';
import { median } from '../stats.js';
import { BARE, FULL_CHAIN } from './calls.js';
import type { Experiment } from './experiment.js';
import { BARE_V2, OURS_V2 } from './v2.js';

const SIZES = [1, 10, 100] as const;
const NODE = '@modelcontextprotocol/node';

/** The cost of a call as the tools of a server grow. Who makes a server for every request pays for all of them. */
export const sizes: Experiment = {
  name: 'tools',
  async run({ scale, missing }) {
    const kinds: [string, (name: string, tools: number) => Contender][] = [
      [BARE, (name, tools) => inSessions(name, { variant: 'bare', answers: 'json', tools })],
      [FULL_CHAIN, (name, tools) => inSessions(name, { variant: 'ours-full', answers: 'json', tools })],
      [
        'SDK v1, a server for every request',
        (name, tools) => sessionless(name, { variant: 'fresh', answers: 'json', tools }, 'legacy'),
      ],
      [`v2: ${OURS_V2}`, (name, tools) => sessionless(name, { variant: 'ours-v2', tools }, 'modern')],
    ];
    const why = missing(NODE);
    if (!why)
      kinds.push([
        `v2: ${BARE_V2}`,
        (name, tools) => sessionless(name, { variant: 'bare-v2', tools }, 'modern'),
      ]);
    const nameOf = (kind: string, tools: number): string => `${kind}, ${tools}`;
    const contenders = kinds.flatMap(([kind, make]) =>
      SIZES.map((tools) => make(nameOf(kind, tools), tools)),
    );
    const costs = await compare(contenders, { ...scale.rest, generations: 1 });
    return [
      {
        id: 'tools',
        head: ['CPU of one call, ms', ...SIZES.map((tools) => `${tools} tools`), '100 against 1'],
        rows: kinds.map(([kind]) => [
          kind,
          ...SIZES.map((tools) => median(costs.get(nameOf(kind, tools)) ?? []).toFixed(3)),
          ratioText(ratioOf(costs, nameOf(kind, 100), nameOf(kind, 1))),
        ]),
        skipped: why ? [`v2: ${BARE_V2}: ${why}`] : [],
      },
    ];
  },
};
