import { expect } from 'chai';
import fc from 'fast-check';
import { accountKey } from '../../lib/http/account-key.js';

describe('accountKey', () => {
  const together: readonly (readonly [title: string, key: string, names: readonly string[]])[] = [
    ['case', 'ann@example.com', ['ann@example.com', 'ANN@EXAMPLE.COM', 'Ann@Example.Com']],
    ['outer spaces', 'ann', ['ann', ' ann', 'ann  ', '\u00a0ann\u3000', '\u2028ann\u2029', '\u2003ann']],
    ['full-width letters', 'ann', ['ａｎｎ', 'ＡＮＮ', 'Aｎn']],
    ['accents', 'jos\u00e9', ['jos\u00e9', 'jose\u0301', 'JOS\u00c9', 'JOSE\u0301']],
    ['stacked accents', '\u1ec7', ['\u1ec7', 'e\u0323\u0302', 'e\u0302\u0323', '\u1eb9\u0302']],
    ['the Kelvin sign', 'kim', ['kim', '\u212aim', 'Kim']],
    ['long s', 'sam', ['sam', '\u017fam', 'SAM']],
    ['ligatures', 'fifflast', ['\ufb01\ufb00la\ufb05', 'fiffla\ufb06', 'FIFFLAST']],
    ['sharp s', 'strasse', ['stra\u00dfe', 'STRASSE', 'STRA\u1e9eE', 'strasse']],
    [
      'final sigma',
      '\u03bf\u03b4\u03bf\u03c3',
      ['\u03bf\u03b4\u03bf\u03c2', 'ΟΔΟΣ', '\u03bf\u03b4\u03bf\u03c3'],
    ],
    [
      'final sigma before a word',
      '\u03b1\u03c3 \u03b1',
      ['ΑΣ Α', '\u03b1\u03c2 \u03b1', '\u03b1\u03c3 \u03b1'],
    ],
    ['iota subscript', '\u03b1\u03b9', ['\u1fb3', '\u1fbc', '\u03b1\u0345', 'ΑΙ']],
    [
      'iota subscript under an accent',
      '\u1fb6\u03b9',
      ['\u1fb7', '\u1fbc\u0342', '\u1fb3\u0342', '\u0391\u0342\u0345', '\u0391\u0342\u0399'],
    ],
    [
      'invisible characters',
      'ann',
      ['a\u200bnn', 'a\u00adnn', 'an\u200dn', '\ufeffann', 'ann\ufe0f', 'a\u034fnn'],
    ],
    [
      'a domain and its A-label',
      'a@xn--bcher-kva.de',
      [
        'a@b\u00fccher.de',
        'A@B\u00dcCHER.DE',
        'a@bu\u0308cher.de',
        'a@xn--bcher-kva.de',
        'a@XN--BCHER-KVA.DE',
      ],
    ],
    [
      'a trailing dot of the domain',
      'a@b.de',
      ['a@b.de', 'a@b.de.', 'a@b.de..', 'a@b.de\u3002', 'a@b\u3002de', 'a@b\uff0ede'],
    ],
    [
      'sharp s in a domain and its A-label',
      'a@fass.de',
      ['a@fa\u00df.de', 'a@xn--fa-hia.de', 'a@fass.de', 'a@FASS.de.'],
    ],
    [
      'final sigma in a domain',
      'a@xn--0xahb.gr',
      ['a@\u03c3\u03bf\u03c2.gr', 'a@ΣΟΣ.gr', 'a@\u03c3\u03bf\u03c3.gr'],
    ],
    [
      'capitals in one part alone',
      'a@bb.cc.de',
      ['a@Bb.cc.de', 'a@bB.cc.de', 'a@bb.cC.de', 'a@bb.cc.DE', 'A@bb.cc.de'],
    ],
    ['capitals in one part of a short domain', 'a@bb.de', ['a@Bb.de', 'a@bB.de', 'a@bb.De', 'a@bb.dE']],
    ['a name that is no e-mail', '__proto__', ['__proto__', '__PROTO__']],
    ['no domain', 'a@', ['a@', 'A@', 'a@.']],
    ['two at signs', 'a@b@c.de', ['a@b@c.de', 'A@B@C.DE.']],
    ['a domain that is none', 'a@b c', ['a@b c', 'A@B C.']],
    ['a domain with a path', 'a@b/x', ['a@b/x', 'A@B/X']],
    ['a domain with an escape', 'a@%41.de', ['a@%41.de']],
    ['a domain that IDNA refuses', 'a@xn--a', ['a@xn--a', 'a@XN--A.']],
  ];
  for (const [title, key, names] of together) {
    it(`folds ${title} together [B12]`, () => {
      for (const name of names) expect(accountKey(name), JSON.stringify(name)).to.equal(key);
    });
  }

  const apart: readonly (readonly [title: string, one: string, two: string])[] = [
    ['dotless and dotted i', 'al\u0131', 'ali'],
    ['dotless and capital I', 'al\u0131', 'ALI'],
    ['dotless i in full italics and i', '\u{1d6a4}', 'i'],
    ['dotless i in a domain and i', 'a@b\u0131.de', 'a@bi.de'],
    ['Latin and Cyrillic a', 'ann', '\u0430nn'],
    ['Latin and Cyrillic o in a domain', 'a@foo.de', 'a@f\u043e\u043e.de'],
    ['an accent and none', 'jos\u00e9', 'jose'],
    ['inner spaces', 'a b', 'ab'],
    ['a plus tag', 'a+b@c.de', 'a@c.de'],
    ['a dot in the local part', 'a.b@c.de', 'ab@c.de'],
    ['a trailing dot without a domain', 'ann.', 'ann'],
    ['two domains', 'a@b.de', 'a@c.de'],
    ['a domain with a path and without', 'a@b.de/x', 'a@b.de'],
    ['a domain with a port and without', 'a@b.de:80', 'a@b.de'],
  ];
  for (const [title, one, two] of apart) {
    it(`keeps ${title} apart`, () => {
      expect(accountKey(one)).to.be.a('string').and.not.equal(accountKey(two));
    });
  }

  const refused: readonly (readonly [title: string, name: string])[] = [
    ['nothing', ''],
    ['spaces alone', ' \u00a0\u3000'],
    ['invisible characters alone', '\u200b\u00ad\ufeff'],
    ['NUL', 'a\0'],
    ['a line break', 'a\r\nb'],
    ['an outer tab', '\tann'],
    ['ESC', '\u001b[31mann'],
    ['DEL', 'a\u007f'],
    ['C1', 'a\u0085'],
    ['the last C1', 'a\u009f'],
    ['a lone high surrogate', 'a\ud83d'],
    ['a lone low surrogate', '\udca5a'],
    ['surrogates the wrong way round', '\udca5\ud83d'],
    ['1025 units', 'a'.repeat(1025)],
    ['1025 units that would be trimmed', `a${' '.repeat(1024)}`],
    ['a megabyte', 'a@'.repeat(500_000)],
    ['a megabyte of characters that expand', '\ufdfa'.repeat(500_000)],
  ];
  for (const [title, name] of refused) {
    it(`refuses ${title} [B13]`, () => {
      expect(accountKey(name)).to.equal(undefined);
    });
  }

  it('folds a name with one letter of another case, wherever that is', () => {
    const name = 'ann.b@mail.example.com';
    for (let at = 0; at < name.length; at += 1) {
      const typed = name.slice(0, at) + name.charAt(at).toUpperCase() + name.slice(at + 1);
      expect(accountKey(typed)).to.equal(name);
    }
  });

  it('takes 1024 units', () => {
    expect(accountKey('a'.repeat(1024))).to.equal('a'.repeat(1024));
    expect(accountKey(`${'a'.repeat(1022)}💥`)).to.equal(`${'a'.repeat(1022)}💥`);
  });

  it('takes a domain as it is where it is too long to be one, so that Punycode stays cheap', () => {
    const label = Array.from({ length: 250 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
    expect(accountKey(`a@${label}.de`)).to.match(/^a@xn--/);
    expect(accountKey(`a@${label}.dede`)).to.equal(`a@${label}.dede`);
  });

  it('refuses exactly the control characters and surrogates among all characters, and folds each for good', () => {
    for (let code = 0; code <= 0xffff; code += 1) {
      const character = String.fromCharCode(code);
      const key = accountKey(`a${character}z`);
      const isRefused = code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xdfff);
      if ((key === undefined) !== isRefused) expect.fail(`U+${code.toString(16)}`);
      if (key !== undefined && accountKey(key) !== key) expect.fail(`U+${code.toString(16)} folds further`);
    }
  });

  it('takes a domain as it is where A-labels are nested in it, so that unfolding them stays cheap', () => {
    for (let depth = 2; depth <= 49; depth += 1) {
      const name = `a@${'xn--'.repeat(depth)}0${'-'.repeat(depth)}`;
      expect(accountKey(name), String(depth)).to.equal(name);
    }
  });

  describe('for any name', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '@',
        '.',
        'xn--',
        '-',
        '\u3002',
        '\u0131',
        '\u0345',
        '\u03a3',
        '\u00df',
        '\u200d',
        'xn--fa-hia',
        '%',
        ' ',
        '1',
      ),
    );
    const name = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

    it('folding twice is folding once', () => {
      fc.assert(
        fc.property(name, (value) => {
          const key = accountKey(value);
          if (key !== undefined) expect(accountKey(key)).to.equal(key);
        }),
        { numRuns: 3000 },
      );
    });

    it('normal forms, lower case and outer spaces make no difference', () => {
      fc.assert(
        fc.property(name, (value) => {
          const key = accountKey(value);
          if (key === undefined) return;
          for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
            expect(accountKey(value.normalize(form)), form).to.equal(key);
          }
          expect(accountKey(value.toLowerCase()), 'lower case').to.equal(key);
          expect(accountKey(` ${value}\u3000`), 'spaces').to.equal(key);
        }),
        { numRuns: 3000 },
      );
    });
  });
});
