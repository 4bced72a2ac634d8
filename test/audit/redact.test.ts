import { expect } from 'chai';

import { secretsOf } from '../../lib/audit/actor.js';
import { redactor } from '../../lib/audit/redact.js';
import { basic } from '../support/call.js';

describe('a redactor', () => {
  it('shows no secret, no control character, and no more than a line', () => {
    const secrets = secretsOf([
      ['Authorization', basic('ada', 'swordfish')],
      ['X-Api-Key', 'key-of-ada'],
      ['X-Empty', ''],
    ]);
    const show = redactor(() => [...secrets, 'abc']);
    const text = `a\n\u001b[31mb ${basic('ada', 'swordfish')} swordfish key-of-ada abc`;
    expect(show(text)).to.equal('a [31mb [secret] [secret] [secret] abc');
  });

  it('knows secrets that come later, everywhere they are, from four characters on', () => {
    const secrets: string[] = [];
    const show = redactor(() => secrets);
    expect(show('abcd abcd abc')).to.equal('abcd abcd abc');
    secrets.push('abcd', 'abc');
    expect(show('abcd-abcd abc')).to.equal('[secret]-[secret] abc');
  });

  it('makes one blank of all that is none or cannot be seen', () => {
    expect(redactor(() => [])(' a \t\r\n\u0000\u0085\u200b\u2028\u2029\u00adb  c\n')).to.equal('a b c');
  });

  it('is as long as a line', () => {
    const show = redactor(() => []);
    expect(show('x'.repeat(160))).to.equal('x'.repeat(160));
    expect(show('x'.repeat(161))).to.equal(`${'x'.repeat(160)}…`);
  });
});
