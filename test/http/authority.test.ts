import { expect } from 'chai';

import { parseAuthority, parseConfiguredAuthority } from '../../lib/http/authority.js';

describe('parseAuthority', () => {
  for (const [text, host, port] of [
    ['a', 'a', undefined],
    ['API.Example.com', 'api.example.com', undefined],
    ['api.example.com.', 'api.example.com.', undefined],
    ['my_host-1:8080', 'my_host-1', '8080'],
    ['a.b:1', 'a.b', '1'],
    ['a:65535', 'a', '65535'],
    ['127.0.0.1:80', '127.0.0.1', '80'],
    ['[::1]', '[0:0:0:0:0:0:0:1]', undefined],
    ['[::1]:443', '[0:0:0:0:0:0:0:1]', '443'],
    ['[FE80:0::A]', '[fe80:0:0:0:0:0:0:a]', undefined],
    ['[1:23::]', '[1:23:0:0:0:0:0:0]', undefined],
    ['[12:3::]', '[12:3:0:0:0:0:0:0]', undefined],
    ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]', undefined],
    ['[::FFFF:102:304]:1', '[::ffff:1.2.3.4]', '1'],
  ] as const) {
    it(`reads ${text}`, () => {
      expect(parseAuthority(text)).to.deep.equal({ host, port });
      expect(parseConfiguredAuthority(text)).to.deep.equal({ host, port });
    });
  }

  for (const text of [
    '',
    ':80',
    'a:',
    'a:0',
    'a:01',
    'a:8x',
    'a:65536',
    'a:99999',
    'a:123456',
    'a:80:80',
    'a b',
    'a..b',
    '.a',
    'a.-:x',
    'user@a',
    'a/b',
    'a?b',
    'a#b',
    'a%41',
    'a\\b',
    ' a',
    'a ',
    '[]',
    '[1]',
    '[1.2.3.4]',
    '[::1',
    '::1',
    '[::1]x',
    '[::1]:',
    '[::1%lo]',
    '[[::1]]',
    'x[::1]',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseAuthority(text)).to.equal(undefined);
      expect(parseConfiguredAuthority(text)).to.equal(undefined);
    });
  }

  it('takes names in Unicode where a user configures them, and none where a client sends them', () => {
    expect(parseConfiguredAuthority('Bücher.example:8080')).to.deep.equal({
      host: 'xn--bcher-kva.example',
      port: '8080',
    });
    expect(parseAuthority('bücher.example')).to.equal(undefined);
    for (const text of [
      'bü cher.example',
      'bü%63.example',
      'bü/x',
      'bü?x',
      'bü#x',
      'bü@x',
      'bü\\x',
      'bü\tx',
    ]) {
      expect(parseConfiguredAuthority(text), text).to.equal(undefined);
    }
  });
});
