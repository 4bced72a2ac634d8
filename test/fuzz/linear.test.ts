import { expect } from 'chai';

import { faultless, growthOf } from './growth.js';
import { targets } from './targets/index.js';

/** Eight times the length may cost eight times the work, and some. Quadratic work would be sixty-four times as much. */
const MAX_GROWTH = 24;

/** Repeated, what makes a careless reader go back and forth. */
const PUMPS: readonly (readonly [what: string, before: string, again: string, after: string])[] = [
  ['blanks in the middle', 'a', ' ', 'b'],
  ['tabs in the middle', 'application/json', '\t', 'x'],
  ['pads', 'Authorization\nBearer a', '=', 'b'],
  ['letters', 'Basic ', 'Y', '!'],
  ['parameters', 'application/json', ';', 'x'],
  ['quotes', 'a', '"', 'b'],
  ['backslashes', '"', '\\', '"'],
  ['colons', '', ':', '1'],
  ['dots', 'a@', '.', 'b'],
  ['labels', 'a@', 'xn--', 'b'],
  ['ampersands', '/mcp?', '&', 'a'],
  ['escapes', '/mcp?', '%', 'a'],
  ['brackets', '', '[', ']'],
  ['lines', 'Mcp-Session-Id', '\nx', 'a'],
  ['members', '{', '"__proto__":1,', '}'],
];

describe('what strangers send: work grows as the length does', function () {
  this.timeout(120_000);

  for (const { name } of targets) {
    it(name, () => {
      for (const [what, before, again, after] of PUMPS) {
        const growth = growthOf(
          faultless(name),
          (length) => before + again.repeat(length / again.length) + after,
          MAX_GROWTH,
        );
        expect(growth, what).to.be.at.most(MAX_GROWTH);
      }
    });
  }

  it('quadratic work is noticed', () => {
    const trim = (text: string): string => text.replace(/[ \t]+$/, '');
    const growth = growthOf(trim, (length) => `a${' '.repeat(length)}b`, MAX_GROWTH);
    expect(growth).to.be.above(MAX_GROWTH);
  });
});
