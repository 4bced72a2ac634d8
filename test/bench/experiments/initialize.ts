import { compare } from '../compare.js';
import { beginning } from '../contender.js';
import { RATIO_HEAD, ratioOf, ratioRows } from '../report/ratio-section.js';
import { BARE, FULL_CHAIN } from './calls.js';
import type { Experiment } from './experiment.js';

/** The verifier compares: everybody is proven once, and hashing would be all that one sees. */
export const initialize: Experiment = {
  name: 'initialize',
  async run({ scale }) {
    const costs = await compare(
      [
        beginning(BARE, { variant: 'bare', answers: 'json' }),
        beginning('SDK v1 and `requireBearerAuth`', { variant: 'sdk-bearer', answers: 'json' }),
        beginning('ours, Bearer', { variant: 'ours-bearer', answers: 'json' }),
        beginning(FULL_CHAIN, { variant: 'ours-full', answers: 'json', verifier: 'plain' }),
      ],
      scale.calls,
    );
    return [
      {
        id: 'initialize',
        head: RATIO_HEAD,
        rows: ratioRows(costs, BARE),
        facts: { initialize: ratioOf(costs, FULL_CHAIN, BARE) },
        bars: [
          { label: 'initialize: ours, full chain', ratio: ratioOf(costs, FULL_CHAIN, BARE), isOurs: true },
        ],
      },
    ];
  },
};
