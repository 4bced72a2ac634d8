import { expect } from 'chai';
import fc from 'fast-check';

import { isJsonType, isPlainJson, parseJson } from '../../lib/http/json.js';

const parse = (text: string | Uint8Array): { readonly value: unknown } | undefined =>
  parseJson(typeof text === 'string' ? Buffer.from(text) : text);

const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth);

describe('parseJson', () => {
  it('reads what JSON.parse reads, where it is plain', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        const value = JSON.parse(text) as unknown;
        expect(parse(text)).to.deep.equal(isPlainJson(value) ? { value } : undefined);
      }),
    );
  });

  for (const text of [
    'null',
    'false',
    '0',
    '""',
    '[]',
    '{}',
    ' {"a" : [1] }\r\n\t',
    '"\\u00e9"',
    '{"proto":1}',
  ]) {
    it(`reads ${text.trim()}`, () => {
      expect(parse(text)).to.deep.equal({ value: JSON.parse(text) as unknown });
    });
  }

  for (const text of [
    '',
    ' ',
    '{',
    '[1,]',
    "'a'",
    'NaN',
    '{"a":1}{}',
    '\u00a0{}',
    '\ufeff{}',
    '// x\n1',
    '+1',
    '"\t"',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parse(text)).to.equal(undefined);
    });
  }

  for (const [what, bytes] of [
    ['a lone byte', [0x22, 0xff, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['half a character', [0x22, 0xe2, 0x82]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ] as const) {
    it(`C5 refuses bytes that are no UTF-8: ${what}`, () => {
      expect(parse(Uint8Array.from(bytes))).to.equal(undefined);
    });
  }

  describe('depth', () => {
    it('C5 is 200 at most, of lists, objects, or both', () => {
      expect(parse(nested(200))).to.not.equal(undefined);
      expect(parse(nested(201))).to.equal(undefined);
      expect(parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`)).to.not.equal(undefined);
      expect(parse(`${'{"a":'.repeat(201)}1${'}'.repeat(201)}`)).to.equal(undefined);
      expect(parse(`${'[{"a":'.repeat(101)}1${'}]'.repeat(101)}`)).to.equal(undefined);
    });

    it('C5 of 100,000 is refused without a stack', () => {
      expect(parse(nested(100_000))).to.equal(undefined);
      expect(parse('['.repeat(1_000_000))).to.equal(undefined);
    });

    it('counts no bracket in a text, whatever is escaped there', () => {
      for (const text of [
        JSON.stringify('['.repeat(300)),
        JSON.stringify(`"${'[{'.repeat(300)}\\`),
        JSON.stringify({ ['{'.repeat(300)]: '\\"['.repeat(300) }),
      ]) {
        expect(parse(text)).to.deep.equal({ value: JSON.parse(text) as unknown });
      }
    });

    it('counts what is open, not what there is', () => {
      const wide = `[${Array.from({ length: 1000 }, () => '[{}]').join(',')}]`;
      expect(parse(wide)).to.deep.equal({ value: JSON.parse(wide) as unknown });
    });

    it('sees through a text that only looks as if it ended', () => {
      expect(parse(`["\\\\",${nested(200)}]`)).to.equal(undefined);
      expect(parse(`["\\"",${nested(199)}]`)).to.not.equal(undefined);
    });
  });

  describe('__proto__', () => {
    for (const text of [
      '{"__proto__":{"polluted":true}}',
      '{"a":[{"__proto__":1}]}',
      '{"\\u005f_proto__":1}',
      '{"__pr\\u006Fto__":1}',
      '{"\\u005F\\u005f\\u0070roto\\u005f_":1}',
    ]) {
      it(`C5 is refused as a key: ${text}`, () => {
        expect(parse(text)).to.equal(undefined);
        expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
      });
    }

    for (const text of [
      '"__proto__"',
      '{"a":"__proto__"}',
      '{"__proto":1,"proto__":2,"constructor":3}',
      '["\\u005f"]',
    ]) {
      it(`is a text like any other elsewhere: ${text}`, () => {
        expect(parse(text)).to.deep.equal({ value: JSON.parse(text) as unknown });
      });
    }
  });
});

describe('isPlainJson', () => {
  it('is so of whatever parseJson makes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        const parsed = parse(text);
        return parsed === undefined || isPlainJson(parsed.value);
      }),
    );
  });

  it('knows the same limits', () => {
    const value = (depth: number): unknown => JSON.parse(nested(depth)) as unknown;
    expect(isPlainJson(value(200))).to.equal(true);
    expect(isPlainJson(value(201))).to.equal(false);
    expect(isPlainJson(JSON.parse('[{"a":{"__proto__":{}}}]'))).to.equal(false);
    expect(isPlainJson(JSON.parse('["__proto__"]'))).to.equal(true);
  });

  it('C5 of 100,000 needs no stack', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i += 1) deep = { deep };
    expect(isPlainJson(deep)).to.equal(false);
  });
});

describe('isJsonType', () => {
  const good = [
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json ; charset="utf-8"',
    'application/json; charset=utf8',
    'application/json; charset="utf8"',
    'application/json; foo=bar',
    'application/json;',
    '\tapplication/json ',
  ];
  const bad = [
    undefined,
    '',
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/json-rpc',
    'application/vnd.api+json',
    'application/json, text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'application/json; charset="utf-8',
    'application/json; charset',
    'application/json; charset=utf-8=utf-16',
    'application/json; charset=u=tf-8',
    'application/json; charset=utf-8\u00a0',
    'application/json; charset=utf-8; charset=utf-16',
    '\u00a0application/json',
    'x application/json',
  ];
  for (const type of good) it(`takes ${JSON.stringify(type)}`, () => expect(isJsonType(type)).to.equal(true));
  for (const type of bad)
    it(`F6 refuses ${JSON.stringify(type)}`, () => expect(isJsonType(type)).to.equal(false));
});
