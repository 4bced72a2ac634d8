import { expect } from 'chai';

import { compare } from './compare.js';
import { inSessions } from './contender.js';
import { ratioOf } from './report/ratio-section.js';

const PLAN = { generations: 1, rounds: 7, calls: 250, warmUp: 1500 };
/** Far above what is measured on an idle machine: a gross mistake is found, a busy machine is none. */
const GROSS = 2.5;

describe('The cost of the full chain', () => {
  it(`is less than ${GROSS} times that of the bare SDK`, async function () {
    // Servers run compiled. The first answer of a loader for TypeScript would be measured along with them.
    if (import.meta.url.endsWith('.ts')) this.skip();
    this.timeout(120_000);
    const costs = await compare(
      [
        inSessions('bare', { variant: 'bare', answers: 'json' }),
        inSessions('ours', { variant: 'ours-full', answers: 'json', verifier: 'plain' }),
      ],
      PLAN,
    );
    const { mid } = ratioOf(costs, 'ours', 'bare');
    console.log(`    full chain against the bare SDK: ${mid.toFixed(2)} times the CPU`);
    expect(mid).to.be.below(GROSS);
  });
});
