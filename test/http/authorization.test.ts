import { expect } from 'chai';
import fc from 'fast-check';
import { parseBasic, parseBearer, readAuthorization } from '../../lib/http/authorization.js';

const NBSP = '\u00a0';
const BOM = '\ufeff';

function present(scheme: string, value: string): object {
  return { kind: 'present', scheme, value };
}

function base64(content: string | Uint8Array): string {
  return Buffer.from(content).toString('base64');
}

describe('readAuthorization', () => {
  it('is none without the header', () => {
    expect(readAuthorization([])).to.deep.equal({ kind: 'none' });
    expect(readAuthorization(['Proxy-Authorization', 'Basic YTpi'])).to.deep.equal({ kind: 'none' });
  });

  for (const [title, first, second] of [
    ['two schemes', 'Basic YTpi', 'Bearer x'],
    ['the same twice', 'Basic YTpi', 'Basic YTpi'],
    ['an empty second', 'Basic YTpi', ''],
    ['an empty first', '', 'Basic YTpi'],
  ] as const) {
    it(`is ambiguous with ${title} [C2]`, () => {
      const raw = ['Authorization', first, 'Host', 'a', 'authorization', second];
      expect(readAuthorization(raw)).to.deep.equal({ kind: 'ambiguous' });
    });
  }

  const cases: readonly (readonly [header: string, scheme: string, value: string])[] = [
    ['Basic YTpi', 'basic', 'YTpi'],
    ['bAsIc YTpi', 'basic', 'YTpi'],
    ['BEARER abc', 'bearer', 'abc'],
    ['Basic    YTpi', 'basic', 'YTpi'],
    [' \tBasic YTpi \t', 'basic', 'YTpi'],
    ['Basic', 'basic', ''],
    ['Bearer ', 'bearer', ''],
    ['BearerX abc', 'bearerx', 'abc'],
    ['XBasic YTpi', 'xbasic', 'YTpi'],
    ['Bearer a b', 'bearer', 'a b'],
    ['Bearer a, Basic b', 'bearer', 'a, Basic b'],
    [`Bearer a${NBSP}`, 'bearer', `a${NBSP}`],
    [`Bearer ${BOM}a`, 'bearer', `${BOM}a`],
    ['', '', ''],
    [' \t ', '', ''],
    ['Basic\tYTpi', '', ''],
    [`Basic${NBSP}YTpi`, '', ''],
    [`${BOM}Basic YTpi`, '', ''],
    ['Basic: YTpi', '', ''],
    ['"Basic" YTpi', '', ''],
    ['Basic,YTpi x', '', ''],
    ['Bas\u0130c YTpi', '', ''],
    ['Bas\u0000ic YTpi', '', ''],
  ];
  for (const [header, scheme, value] of cases) {
    it(`reads ${JSON.stringify(header)} as scheme ${JSON.stringify(scheme)} [C3]`, () => {
      expect(readAuthorization(['Authorization', header])).to.deep.equal(present(scheme, value));
    });
  }

  it('always finds a single header present, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        expect(readAuthorization(['Authorization', header]).kind).to.equal('present');
      }),
    );
  });
});

describe('parseBasic', () => {
  const accepted: readonly (readonly [value: string, username: string, password: string])[] = [
    ['YTpi', 'a', 'b'],
    ['YTo=', 'a', ''],
    ['dGVzdDoxMjPCow==', 'test', '123£'],
    ['QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin', 'open sesame'],
    [base64('u:p:q'), 'u', 'p:q'],
    [base64('u::'), 'u', ':'],
    [base64(' u : p '), ' u ', ' p '],
    [base64(`${BOM}u:${BOM}`), `${BOM}u`, BOM],
    [base64('ü💥:pass'), 'ü💥', 'pass'],
    [base64('u:\u0080\u009f'), 'u', '\u0080\u009f'],
    [base64('a:>>>???'), 'a', '>>>???'],
    [base64(`u:${'x'.repeat(16_382)}`), 'u', 'x'.repeat(16_382)],
  ];
  for (const [value, username, password] of accepted) {
    it(`reads ${value.slice(0, 40)} [C1]`, () => {
      expect(parseBasic(value)).to.deep.equal({ username, password });
    });
  }

  const refused: readonly (readonly [title: string, value: string])[] = [
    ['nothing', ''],
    ['non-zero trailing bits, one pad', 'YTp='],
    ['non-zero trailing bits, two pads', 'YTo6YR=='],
    ['missing padding', 'YTo'],
    ['one of two pads', 'dGVzdDoxMjPCow='],
    ['too much padding', 'YTpi='],
    ['padding alone', '===='],
    ['the URL alphabet, minus', 'YT-p'],
    ['the URL alphabet, underscore', 'YTo_'],
    ['two values joined behind padding', 'YTo=YTo='],
    ['junk inside', 'YT*pi'],
    ['a space inside', 'YT pi'],
    ['a space before', ' YTpi'],
    ['a tab before', '\tYTpi'],
    ['a line break after', 'YTpi\n'],
    ['CR/LF inside', 'YT\r\npi'],
    ['NUL after', 'YTpi\0'],
    ['NBSP after', `YTpi${NBSP}`],
    ['a BOM before', `${BOM}YTpi`],
    ['a comma', 'YTpi,YTpi'],
    ['a character above ASCII whose low byte is base64', 'YTp\u0169'],
    ['no colon', base64('ab')],
    ['no user', base64(':pw')],
    ['a colon alone', base64(':')],
    ['NUL in the user', base64('a\0:b')],
    ['NUL in the password', base64('a:b\0')],
    ['CR/LF in the user', base64('a\r\n:b')],
    ['ESC in the password', base64('a:\u001b[31m')],
    ['a tab in the password', base64('a:\t')],
    ['unit separator in the user', base64('a\u001f:b')],
    ['DEL in the user', base64('a\u007f:b')],
    ['latin-1', 'dGVzdDoxMjOj'],
    ['an overlong form', base64(Uint8Array.of(0x61, 0x3a, 0xc0, 0xaf))],
    ['a surrogate in UTF-8', base64(Uint8Array.of(0x61, 0x3a, 0xed, 0xa0, 0x80))],
    ['a cut-off sequence', base64(Uint8Array.of(0x61, 0x3a, 0xe2, 0x82))],
    ['above U+10FFFF', base64(Uint8Array.of(0x61, 0x3a, 0xf4, 0x90, 0x80, 0x80))],
    ['one byte above 16 KiB', base64(`u:${'x'.repeat(16_383)}`)],
    ['three bytes above 16 KiB', base64(`u:${'x'.repeat(16_385)}`)],
    ['17 KiB', base64(`u:${'x'.repeat(17 * 1024)}`)],
  ];
  for (const [title, value] of refused) {
    it(`refuses ${title} [C1]`, () => {
      expect(parseBasic(value)).to.equal(undefined);
    });
  }

  it('is not disturbed by the refusal before', () => {
    expect(parseBasic(base64(Uint8Array.of(0x61, 0x3a, 0xe2, 0x82)))).to.equal(undefined);
    expect(parseBasic('YTpi')).to.deep.equal({ username: 'a', password: 'b' });
  });

  const text = fc
    .string({ unit: 'binary', maxLength: 40 })
    .filter((value) => [...value].every((character) => character >= ' ' && character !== '\u007f'));

  it('reads back every pair that can be written', () => {
    const user = text.filter((value) => value !== '' && !value.includes(':'));
    fc.assert(
      fc.property(user, text, (username, password) => {
        expect(parseBasic(base64(`${username}:${password}`))).to.deep.equal({ username, password });
      }),
      { numRuns: 500 },
    );
  });

  it('reads one spelling per pair', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9+/_=-]{0,12}$/), (value) => {
        const parsed = parseBasic(value);
        if (parsed !== undefined) expect(base64(`${parsed.username}:${parsed.password}`)).to.equal(value);
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (value, bytes) => {
        parseBasic(value);
        parseBasic(base64(bytes));
      }),
    );
  });
});

describe('parseBearer', () => {
  for (const token of [
    'a',
    'mF_9.B5f-4.1JqM',
    'A-._~+/9==',
    'eyJhbGciOiJub25lIn0.e30.',
    'x'.repeat(16_000),
  ]) {
    it(`reads ${token.slice(0, 30)}`, () => {
      expect(parseBearer(token)).to.deep.equal({ token });
    });
  }

  for (const value of [
    '',
    ' a',
    'a b',
    'a ',
    'a\t',
    'a\n',
    'a\0',
    '=',
    '==',
    'a=b',
    'a,b',
    'a;b',
    '"a"',
    'a:b',
    'a%20',
    'ä',
    `a${NBSP}`,
    `${BOM}a`,
    '\u212a',
  ]) {
    it(`refuses ${JSON.stringify(value)} [C3]`, () => {
      expect(parseBearer(value)).to.equal(undefined);
    });
  }

  it('reads exactly b64token', () => {
    const characters = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/');
    for (let code = 0; code < 0x250; code += 1) {
      const character = String.fromCharCode(code);
      expect(parseBearer(`a${character}a`) !== undefined, `U+${code.toString(16)}`).to.equal(
        characters.has(character),
      );
    }
  });
});

describe('parsers take linear time', () => {
  const inputs: readonly (readonly [title: string, make: (length: number) => string])[] = [
    ['spaces in the middle', (length) => `Bearer a${' '.repeat(length)}b`],
    ['tabs in the middle', (length) => `a${'\t'.repeat(length)}b`],
    ['blanks alone', (length) => ' \t'.repeat(length)],
    ['pads before the end', (length) => `Bearer a${'='.repeat(length)}b`],
    ['a long token', (length) => `Bearer ${'a'.repeat(length)}!`],
    ['a long scheme', (length) => `${'a'.repeat(length)}(`],
    ['long base64', (length) => `Basic ${'Y'.repeat(length)}!`],
  ];
  for (const [title, make] of inputs) {
    it(`with ${title}`, () => {
      // Half a million characters: quadratic work would be 10^11 steps, far beyond the time a test may take.
      const authorization = readAuthorization(['Authorization', make(500_000)]);
      if (authorization.kind !== 'present') throw new Error('expected a credential');
      expect(parseBasic(authorization.value)).to.equal(undefined);
      expect(parseBearer(authorization.value)).to.equal(undefined);
    });
  }
});
