import { expect } from 'chai';

import { formatEventId, hashOf, parseEventId } from '../../lib/redis/event-id.js';

const STREAM = hashOf('a stream');

describe('the id of an event in Redis', () => {
  it('is read as it was written', () => {
    expect(STREAM).to.match(/^[\w-]{43}$/);
    for (const entry of [
      '0-0',
      '1-0',
      '0-1',
      '1700000000000-12',
      '1234567890123456-1234567890123456',
      '19-23',
    ]) {
      const text = formatEventId({ stream: STREAM, entry });
      expect(text).to.equal(`${STREAM}.${entry}`);
      expect(parseEventId(text), text).to.deep.equal({ stream: STREAM, entry });
    }
  });

  it('is nothing else that a client sends', () => {
    const entries = [
      '',
      '0',
      '-',
      '1-',
      '-1',
      '01-0',
      '0-01',
      '1-0x',
      'x1-0',
      '1x-0',
      '1-x',
      '12345678901234567-0',
    ];
    const odd = [...entries, '0-12345678901234567', '1-1x', '1-0\n'].map((entry) => `${STREAM}.${entry}`);
    const others = [
      '',
      STREAM,
      `${STREAM}1-0`,
      `${STREAM}x.1-0`,
      `${STREAM.slice(1)}.1-0`,
      `.1-0`,
      ` ${STREAM}.1-0`,
    ];
    for (const text of [...odd, ...others, `${STREAM.slice(1)}+.1-0`]) {
      expect(parseEventId(text), JSON.stringify(text)).to.equal(undefined);
    }
  });
});
