import { expect } from 'chai';
import fc from 'fast-check';
import { hostMatcher, loopbackHosts, originMatcher } from '../../lib/http/host.js';

type Matcher = (values: readonly string[]) => boolean;
type Rows = readonly (readonly [value: string, passes: boolean])[];

function check(title: string, matches: Matcher, rows: Rows): void {
  for (const [value, passes] of rows) {
    it(`${passes ? 'passes' : 'refuses'} ${JSON.stringify(value)} ${title}`, () => {
      expect(matches([value])).to.equal(passes);
    });
  }
}

describe('hostMatcher', () => {
  check('with the names of this host [F4]', hostMatcher(loopbackHosts), [
    ['localhost', true],
    ['LocalHost', true],
    ['localhost:3000', true],
    ['localhost:65535', true],
    ['127.0.0.1', true],
    ['127.0.0.1:80', true],
    ['[::1]', true],
    ['[::1]:3000', true],
    ['[0:0:0:0:0:0:0:1]', true],
    ['', false],
    ['localhost.evil.com', false],
    ['evil.com', false],
    ['evillocalhost', false],
    ['127.0.0.1.nip.io', false],
    ['127.0.0.2', false],
    ['127.1', false],
    ['2130706433', false],
    ['0x7f.0.0.1', false],
    ['localhost.', false],
    ['127.0.0.1.', false],
    ['::1', false],
    ['[::1', false],
    ['[::1]]', false],
    ['[::1]x', false],
    ['[::1%lo]', false],
    ['[::2]', false],
    ['[::ffff:127.0.0.1]', false],
    ['[127.0.0.1]', false],
    ['[localhost]', false],
    ['[]', false],
    ['localhost:', false],
    ['localhost:0', false],
    ['localhost:080', false],
    ['localhost:65536', false],
    ['localhost:99999', false],
    ['localhost:100000', false],
    ['localhost:-1', false],
    ['localhost:3000x', false],
    ['localhost:3000:3000', false],
    ['user@localhost', false],
    ['localhost@evil.com', false],
    ['evil.com#@localhost', false],
    ['localhost/', false],
    ['localhost?x', false],
    ['localhost#x', false],
    ['localhost\\', false],
    [' localhost', false],
    ['localhost ', false],
    ['localhost\n', false],
    ['local\thost', false],
    ['localhost\0', false],
    ['localhost, localhost', false],
    ['.localhost', false],
    ['*', false],
    ['%6cocalhost', false],
    ['http://localhost', false],
    ['loca\u017fhost', false],
    ['null', false],
    ['__proto__', false],
  ]);

  check(
    'with a list',
    hostMatcher([
      'Example.COM',
      'api.example.com:8443',
      'b\u00fccher.de',
      'dot.example.',
      '[2001:DB8::1]:81',
      '[::ffff:1.2.3.4]',
    ]),
    [
      ['example.com', true],
      ['EXAMPLE.com:1', true],
      ['sub.example.com', false],
      ['api.example.com:8443', true],
      ['api.example.com', false],
      ['api.example.com:443', false],
      ['xn--bcher-kva.de', true],
      ['XN--BCHER-KVA.de:443', true],
      ['b\u00fccher.de', false],
      ['dot.example.', true],
      ['dot.example', false],
      ['[2001:db8:0:0::1]:81', true],
      ['[2001:db8::1]', false],
      ['[::ffff:102:304]', true],
      ['1.2.3.4', false],
    ],
  );

  it('wants exactly one Host', () => {
    const matches = hostMatcher(['a', 'b']);
    expect(matches([])).to.equal(false);
    expect(matches(['a'])).to.equal(true);
    expect(matches(['a', 'a'])).to.equal(false);
    expect(matches(['a', 'b'])).to.equal(false);
    expect(matches(['a', ''])).to.equal(false);
  });

  it('refuses everything with an empty list', () => {
    expect(hostMatcher([])(['localhost'])).to.equal(false);
    expect(hostMatcher(['undefined'])([])).to.equal(false);
    expect(hostMatcher([])([''])).to.equal(false);
  });

  it('does not follow later changes of the list', () => {
    const allowed = ['a'];
    const matches = hostMatcher(allowed);
    allowed.push('b');
    expect(matches(['b'])).to.equal(false);
  });

  for (const entry of [
    '',
    '*',
    '*.example.com',
    '.example.com',
    'a..b',
    'example.com:',
    'example.com:0',
    'example.com:65536',
    'example.com:https',
    'https://example.com',
    'example.com/',
    'example.com/mcp',
    'user@example.com',
    ' example.com',
    'exa mple.com',
    'b\u00fccher.de/x',
    'b\u00fccher.de%',
    'b\u00fc cher.de',
    'a\u200db',
    '::1',
    '[::1',
    '[::1%lo]',
    '[127.0.0.1]',
    '[localhost]',
  ]) {
    it(`refuses the entry ${JSON.stringify(entry)} by name`, () => {
      const message = `allowedHosts: ${JSON.stringify(entry)} is not a host`;
      expect(() => hostMatcher(['localhost', entry])).to.throw(TypeError, message);
      expect(() => originMatcher(undefined, [entry])).to.throw(TypeError, message);
      expect(() => originMatcher(['https://a.example'], [entry])).to.throw(TypeError, message);
    });
  }

  it('never throws for a request, and lets nothing but an exact name through', () => {
    const matches = hostMatcher(loopbackHosts);
    const around = fc.tuple(
      fc.string({ maxLength: 3 }),
      fc.constantFrom(...loopbackHosts),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          around.map((parts) => parts.join('')),
        ),
        (host) => {
          const isExact = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[1-9]\d{0,4})?$/i.test(host);
          expect(matches([host])).to.equal(isExact);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('originMatcher', () => {
  check('by the allowed hosts [F4]', originMatcher(undefined, loopbackHosts), [
    ['http://localhost', true],
    ['https://localhost', true],
    ['HTTP://LOCALHOST:3000', true],
    ['http://127.0.0.1:6274', true],
    ['http://[::1]:3000', true],
    ['', false],
    ['null', false],
    ['localhost', false],
    ['http://', false],
    ['http://localhost.evil.com', false],
    ['http://127.0.0.1.nip.io', false],
    ['http://localhost.', false],
    ['http://localhost/', false],
    ['http://localhost/path', false],
    ['http://localhost?x', false],
    ['http://localhost#x', false],
    ['http://user@localhost', false],
    ['http://localhost@evil.com', false],
    ['http:/localhost', false],
    ['http:localhost', false],
    ['//localhost', false],
    ['://localhost', false],
    ['ftp://localhost', false],
    ['chrome-extension://localhost', false],
    ['file://', false],
    [' http://localhost', false],
    ['http://localhost ', false],
    ['http://localhost\n', false],
    ['http://localhost http://localhost', false],
    ['http://localhost, http://localhost', false],
    ['http://localhost:65536', false],
    ['http://localhost:', false],
    ['http://::1', false],
  ]);

  check(
    'by allowed hosts with ports',
    originMatcher(undefined, ['a.example:443', 'b.example:80', 'c.example:8080']),
    [
      ['https://a.example', true],
      ['https://a.example:443', true],
      ['http://a.example', false],
      ['http://a.example:443', true],
      ['https://a.example:444', false],
      ['http://b.example', true],
      ['https://b.example', false],
      ['http://c.example:8080', true],
      ['http://c.example', false],
    ],
  );

  check(
    'by a list of origins',
    originMatcher(
      [
        'https://App.example',
        'http://dev.example:3000',
        'http://plain.example:80',
        'https://b\u00fccher.de',
        'vscode-webview://1ab',
        'https://[2001:db8::1]',
      ],
      loopbackHosts,
    ),
    [
      ['https://app.example', true],
      ['HTTPS://APP.EXAMPLE', true],
      ['https://app.example:443', true],
      ['https://app.example:80', false],
      ['https://app.example:8443', false],
      ['http://app.example', false],
      ['http://app.example:443', false],
      ['https://x.app.example', false],
      ['https://app.example.', false],
      ['http://dev.example:3000', true],
      ['http://dev.example', false],
      ['http://plain.example', true],
      ['https://xn--bcher-kva.de', true],
      ['vscode-webview://1ab', true],
      ['vscode-webview://1ab:80', false],
      ['vscode-webview://1ac', false],
      ['https://[2001:db8:0::1]', true],
      ['http://localhost', false],
      ['null', false],
      ['', false],
    ],
  );

  check('with null listed', originMatcher(['null'], loopbackHosts), [
    ['null', true],
    ['NULL', false],
    ['http://null', false],
    ['http://localhost', false],
    ['', false],
  ]);

  it('passes a request without Origin, and refuses two', () => {
    for (const matches of [originMatcher(undefined, ['a']), originMatcher(['http://a', 'null'], [])]) {
      expect(matches([])).to.equal(true);
      expect(matches(['http://a'])).to.equal(true);
      expect(matches(['http://a', 'http://a'])).to.equal(false);
      expect(matches(['http://a', 'null'])).to.equal(false);
      expect(matches(['http://a', ''])).to.equal(false);
    }
  });

  it('refuses every origin with an empty list', () => {
    const matches = originMatcher([], loopbackHosts);
    expect(matches([])).to.equal(true);
    expect(matches(['http://localhost'])).to.equal(false);
    expect(matches([''])).to.equal(false);
  });

  for (const entry of [
    '',
    '*',
    'NULL',
    'app.example',
    'https://',
    'https://app.example/',
    'https://app.example/mcp',
    'https://*.example',
    'https://user@app.example',
    'https://app.example:0',
    'https://app.example ',
    'file://',
    'https:app.example',
  ]) {
    it(`refuses the entry ${JSON.stringify(entry)} by name`, () => {
      const message = `allowedOrigins: ${JSON.stringify(entry)} is not an origin`;
      expect(() => originMatcher(['https://a.example', entry], [])).to.throw(TypeError, message);
    });
  }

  it('never throws for a request', () => {
    const byHost = originMatcher(undefined, loopbackHosts);
    const byList = originMatcher(['https://a.example'], loopbackHosts);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (rest) => {
        expect(byList([rest])).to.equal(false);
        expect(byHost([`http://evil${rest}`])).to.equal(false);
      }),
    );
  });

  it('takes linear time', () => {
    const matches = originMatcher(undefined, loopbackHosts);
    for (const part of ['a.', 'a', '-', '.', ':', '[', ' ', '1']) {
      expect(matches([`http://${part.repeat(250_000)}!`])).to.equal(false);
      expect(matches([`${part.repeat(250_000)}!`])).to.equal(false);
    }
  });
});
