import { expect } from 'chai';

import {
  isFieldValue,
  isForwardable,
  isTransportHeader,
  parseUpstream,
  takeHeaders,
} from '../../lib/http/forwarding.js';

describe('parseUpstream', () => {
  const good = {
    'https://api.example': 'https://api.example',
    'https://api.example/': 'https://api.example',
    'https://api.example:8443': 'https://api.example:8443',
    'https://192.0.2.1': 'https://192.0.2.1',
    'https://[2001:db8::1]': 'https://[2001:db8::1]',
    'https://xn--bcher-kva.example': 'https://xn--bcher-kva.example',
    'http://localhost:3000': 'http://localhost:3000',
    'http://127.0.0.1': 'http://127.0.0.1',
    'http://[::1]:8080/': 'http://[::1]:8080',
  };
  for (const [text, origin] of Object.entries(good)) {
    it(`takes ${text}`, () => expect(parseUpstream(text)).to.equal(origin));
  }

  const bad = [
    ...['', 'api.example', '//api.example', 'null', '*', 'https://', 'https://*.example/*'],
    ...['https://api.example/v1', 'https://api.example//', 'https://api.example?', 'https://api.example#'],
    ...[
      'https://user@api.example',
      'https://:pw@api.example',
      ' https://api.example',
      'https://api.example\n',
    ],
    ...['HTTPS://api.example', 'https://API.example', 'https://api.example:443', 'https:api.example'],
    ...['https:\\\\api.example', 'https://bücher.example', 'https://[::0001]', 'https://0x7f.1'],
    ...['http://api.example', 'http://localhost.evil.example', 'http://127.0.0.2', 'http://0.0.0.0'],
    ...['ftp://api.example', 'file:///', 'blob:https://api.example/1', 'wss://api.example'],
    ...['ws://localhost', 'ftp://127.0.0.1', 'blob:http://localhost'],
  ];
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseUpstream(text)).to.equal(undefined));
  }
});

describe('isForwardable', () => {
  const no = [
    ...[
      'Host',
      'connection',
      'Keep-Alive',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
      'Content-Length',
    ],
    ...['Proxy-Authorization', 'proxy-anything', 'Expect', 'Cookie', 'Origin', 'Accept', 'Content-Type'],
    ...['Proxy-Connection', 'Content-Encoding'],
    ...['Mcp-Session-Id', 'MCP-Protocol-Version', 'Mcp-Method', 'Last-Event-ID', 'X-MCP-Token'],
    ...['', 'a b', 'a:b', 'é', 'x\n'],
  ];
  for (const name of no) {
    it(`refuses ${JSON.stringify(name)}`, () => expect(isForwardable(name)).to.equal(false));
  }
  for (const name of ['Authorization', 'X-API-Key', 'x-acme-organization-id', 'apikey', '__proto__']) {
    it(`takes ${name}`, () => expect(isForwardable(name)).to.equal(true));
  }

  it('knows what belongs to the connection', () => {
    expect(['host', 'proxy-x', 'cookie', 'authorization'].map(isTransportHeader)).to.deep.equal([
      ...[true, true, false, false],
    ]);
  });
});

describe('isFieldValue', () => {
  for (const value of ['', 'a b', '\t', '~', '\u00ff', 'undefined'])
    it(`takes ${JSON.stringify(value)}`, () => expect(isFieldValue(value)).to.equal(true));
  for (const value of ['a\nb', '\u007f', '\u0100', undefined, null, 7, ['a'], {}])
    it(`refuses ${JSON.stringify(value)}`, () => expect(isFieldValue(value)).to.equal(false));
});

describe('takeHeaders', () => {
  const take = (...rawHeaders: string[]) => takeHeaders(rawHeaders, ['authorization', 'x-org']);
  const entries = (...rawHeaders: string[]) => {
    const taken = take(...rawHeaders);
    return typeof taken === 'string' ? taken : [...taken];
  };

  it('takes what is named, as it came', () => {
    expect(entries('X-Org', 'é', 'Host', 'h', 'AUTHORIZATION', 'Basic a')).to.deep.equal([
      ['authorization', 'Basic a'],
      ['x-org', 'é'],
    ]);
    expect(entries('x-org', '')).to.deep.equal([['x-org', '']]);
  });

  it('tells nothing from nothing usable', () => {
    expect(entries('Host', 'h')).to.equal('none');
    expect(entries()).to.equal('none');
    expect(entries('X-Org', 'a', 'x-org', 'a')).to.equal('twice');
    expect(entries('Authorization', 'a', 'x-org', 'b', 'authorization', '')).to.equal('twice');
    for (const value of ['a\nb', 'a\rb', '\0', '\u007f', '\u0100'])
      expect(entries('x-org', value)).to.equal('unusable');
  });
});
