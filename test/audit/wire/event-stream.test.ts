import { expect } from 'chai';

import { parseEvents } from '../../../lib/audit/wire/event-stream.js';

describe('parseEvents', () => {
  it('reads ids, names and data in lines of all kinds, and leaves what is not complete', () => {
    const text = '\ufeff: hello\r\nid: 1\r\nevent:endpoint\r\ndata: /a\r\ndata\r\n\r\nid\ndata: x\n\ndata: y';
    expect(parseEvents(text)).to.deep.equal([
      { id: '1', event: 'endpoint', data: '/a\n' },
      { id: '', event: 'message', data: 'x' },
    ]);
  });

  it('ends an event at a blank line, of any kind of line', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = ['id: 1', 'data: a', '', 'data: b', ''].join(end);
      expect(parseEvents(text), JSON.stringify(end)).to.deep.equal([
        { id: '1', event: 'message', data: 'a' },
      ]);
      expect(parseEvents(text + end)).to.have.length(2);
    }
  });

  it('takes off one space and one byte order mark', () => {
    expect(parseEvents('data:  a b:c\n\n')[0]?.data).to.equal(' a b:c');
    expect(parseEvents('\ufeff\ufeffdata: a\n\n')[0]?.data).to.equal('');
    expect(parseEvents('\ufeffdata:a b\n\n')[0]?.data).to.equal('a b');
    expect(parseEvents('data: a\ufeffb\n\n')[0]?.data).to.equal('a\ufeffb');
  });

  it('knows no other fields, and no comments', () => {
    expect(parseEvents(':data: a\nretry: 5\nDATA: b\ndatas: c\n\n')).to.deep.equal([
      { id: undefined, event: 'message', data: '' },
    ]);
    expect(parseEvents('')).to.deep.equal([]);
  });
});
