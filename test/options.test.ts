import { inspect } from 'node:util';

import { expect } from 'chai';

import {
  checkOptions,
  hasMethods,
  isRecord,
  methodsOf,
  type OptionRule,
  oneOf,
  required,
  rule,
  withDefaults,
} from '../lib/options.js';

const method = { run: () => {} };
const inherited: unknown = Object.create(method);

const cases: Readonly<
  Record<string, readonly [OptionRule, good: readonly unknown[], bad: readonly unknown[]]>
> = {
  text: [rule.text, ['a', ' ', '0'], ['', 5, null, true, {}, ['a'], new String('a')]],
  flag: [rule.flag, [true, false], ['true', 0, 1, null, {}, new Boolean(true)]],
  count: [
    rule.count,
    [1, 5, 1e6, Number.MAX_SAFE_INTEGER],
    [0, -0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '5', 5n, null],
  ],
  seconds: [
    rule.seconds,
    [0.001, 1, 2_147_483],
    [0, -1, 2_147_483.1, 2_147_484, Number.NaN, Number.POSITIVE_INFINITY, '1', null, new Date()],
  ],
  milliseconds: [
    rule.milliseconds,
    [0.5, 1, 2 ** 31 - 1],
    [0, -1, 2 ** 31, Number.NaN, Number.NEGATIVE_INFINITY, '1', null],
  ],
  callback: [rule.callback, [() => {}, class {}, async () => {}], ['f', {}, null, /x/]],
  texts: [rule.texts, [['a'], ['a', 'b']], [[], 'a', [''], ['a', 5], ['a', ''], { 0: 'a', length: 1 }, null]],
  object: [rule.object, [{}, Object.create(null), new Map()], [null, [], 'a', 5, () => {}]],
  oneOf: [oneOf('a', 'b'), ['a', 'b'], ['c', '', 'A', ['a'], null, 0]],
  methodsOf: [methodsOf('run'), [method, inherited], [{}, { run: 5 }, null, 'run', () => {}]],
};

describe('rule', () => {
  for (const [name, [{ test }, good, bad]] of Object.entries(cases)) {
    it(`${name} takes what it should, and nothing else`, () => {
      for (const value of good) expect(test(value), inspect(value)).to.equal(true);
      for (const value of [...bad, undefined]) expect(test(value), inspect(value)).to.equal(false);
    });
  }

  it('required needs a value, and the same of it', () => {
    expect(required(rule.text)).to.deep.equal({ ...rule.text, required: true });
    expect(rule.text.required).to.equal(undefined);
  });

  it('isRecord takes objects, not lists', () => {
    expect([{}, Object.create(null), new Map()].every(isRecord)).to.equal(true);
    expect([null, [], 'a', undefined, () => {}].some(isRecord)).to.equal(false);
  });

  it('hasMethods wants every one of them', () => {
    expect(hasMethods({ a: () => {}, b: () => {} }, ['a', 'b'])).to.equal(true);
    expect(hasMethods({ a: () => {} }, ['a', 'b'])).to.equal(false);
  });
});

describe('checkOptions', () => {
  const rules = { name: required(rule.text), size: rule.count, mode: oneOf('a', 'b') };
  const check = (options: unknown) => () => checkOptions('owner', options, rules);

  it('takes what keeps the rules, and undefined as left out', () => {
    expect(check({ name: 'x' })).to.not.throw();
    expect(check({ name: 'x', size: undefined, mode: undefined })).to.not.throw();
    expect(check({ name: 'x', size: 5, mode: 'b' })).to.not.throw();
    expect(check(Object.assign(Object.create(null), { name: 'x' }))).to.not.throw();
  });

  it('names the owner, the option, and what it must be', () => {
    expect(check({ name: '' })).to.throw(TypeError, /^owner: option "name" must be a non-empty string$/);
    expect(check({ name: 'x', mode: 'c' })).to.throw(
      TypeError,
      /^owner: option "mode" must be one of "a", "b"$/,
    );
    expect(check({ name: 'x', size: -1 })).to.throw(
      TypeError,
      /^owner: option "size" must be a positive integer$/,
    );
  });

  it('needs what is required', () => {
    for (const options of [{}, { name: undefined }, { size: 5 }]) {
      expect(check(options)).to.throw(TypeError, /^owner: option "name" must be /);
    }
  });

  it('takes null for a value, not for nothing', () => {
    expect(check({ name: 'x', size: null })).to.throw(TypeError, 'option "size"');
  });

  it('refuses what it does not know, also what only looks inherited', () => {
    for (const key of ['nmae', 'Name', '__proto', 'toString', 'constructor', '']) {
      expect(check({ name: 'x', [key]: 1 })).to.throw(TypeError, `owner: unknown option "${key}"`);
    }
    const own = JSON.parse('{"name":"x","__proto__":{"size":5}}') as unknown;
    expect(check(own)).to.throw(TypeError, 'owner: unknown option "__proto__"');
    expect(check({ name: 'x', [Symbol('s')]: 1 })).to.throw(TypeError, 'owner: unknown option "Symbol(s)"');
  });

  it('sees what is hidden or inherited as well', () => {
    const hidden = Object.defineProperty({ name: 'x' }, 'other', { value: 1, enumerable: false });
    expect(check(hidden)).to.throw(TypeError, 'unknown option "other"');
    expect(check(Object.create({ name: 'x', size: -1 }))).to.throw(TypeError, 'option "size"');
  });

  it('refuses what is no object of options', () => {
    for (const options of [undefined, null, 'name', 5, [], () => {}, true]) {
      expect(check(options)).to.throw(TypeError, /^owner: options must be an object$/);
    }
  });

  it('F1 shows no value', () => {
    for (const options of [
      { name: ['s3cret'] },
      { name: 'x', size: 's3cret' },
      { name: 'x', mode: 's3cret' },
    ]) {
      try {
        checkOptions('owner', options, rules);
        expect.fail('it was taken');
      } catch (error) {
        expect(String((error as Error).stack)).to.not.include('s3cret');
      }
    }
  });
});

describe('methodsOf', () => {
  it('names them', () => {
    expect(methodsOf('publish', 'subscribe').must).to.equal('an object with publish, subscribe');
  });
});

describe('withDefaults', () => {
  it('takes what is given over the defaults, and nothing that has none', () => {
    const defaults = { a: 1, b: false, c: 'c' };
    const given = { a: 0, b: undefined, other: 5 };
    expect(withDefaults(defaults, given)).to.deep.equal({ a: 0, b: false, c: 'c' });
    expect(withDefaults(defaults, {})).to.deep.equal(defaults);
  });
});
