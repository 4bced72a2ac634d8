import { expect } from 'chai';

type Make = (options: never) => unknown;

/** What no number option takes. */
const NO_NUMBER = [
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  Number.POSITIVE_INFINITY,
  -1,
  0,
  '5',
  null,
  true,
  {},
  [1],
];

export const bad = {
  count: [...NO_NUMBER, 1.5, Number.MAX_SAFE_INTEGER + 1],
  seconds: [...NO_NUMBER, 2_147_484],
  milliseconds: [...NO_NUMBER, 2 ** 31],
  text: ['', 5, null, true, {}, ['a']],
  texts: ['a', [], [''], [5], ['a', ''], null, {}],
  flag: ['true', 0, 1, null, {}],
  callback: ['f', 5, null, {}, []],
  proofCache: [
    true,
    null,
    60,
    'off',
    [],
    { ttl: 1 },
    { ttlSeconds: Number.NaN },
    { ttlSeconds: 0 },
    { max: 1.5 },
  ],
} as const;

/**
 * Tests that `make` refuses, with a `TypeError` that names `owner` and the option, every bad value of every option, an
 * unknown key, options that are no object, and a missing option of `required`; and that it takes `required` alone, and
 * `undefined` for everything else.
 */
export function checksOptions(
  owner: string,
  make: Make,
  required: Readonly<Record<string, unknown>>,
  badValues: Readonly<Record<string, readonly unknown[]>>,
): void {
  const attempt = (options: unknown) => () => make(options as never);

  for (const [name, values] of Object.entries(badValues)) {
    it(`refuses a bad "${name}"`, () => {
      for (const value of values) {
        expect(attempt({ ...required, [name]: value }), `${name}: ${String(value)}`).to.throw(
          TypeError,
          new RegExp(`^${owner}: option "${name}" must `),
        );
      }
    });
  }

  for (const name of Object.keys(required)) {
    it(`refuses to do without "${name}"`, () => {
      for (const options of [{ ...required, [name]: undefined }, without(required, name)]) {
        expect(attempt(options)).to.throw(TypeError, new RegExp(`^${owner}: option "${name}" must `));
      }
    });
  }

  it('refuses an unknown key, in any spelling, and options that are no object', () => {
    const [first = 'x'] = Object.keys(badValues);
    for (const key of ['nonsense', `${first} `, first.toUpperCase(), '__proto_', 'toString']) {
      const options = { ...required, [key]: 1 };
      expect(attempt(options)).to.throw(TypeError, `${owner}: unknown option "${key}"`);
    }
    expect(attempt({ ...required, [Symbol('s')]: 1 })).to.throw(TypeError, `${owner}: unknown option`);
    for (const options of [null, 'x', 5, true, [], () => {}]) {
      expect(attempt(options), String(options)).to.throw(TypeError, `${owner}: options must be an object`);
    }
  });

  it('takes what is required alone, and undefined as left out', () => {
    const undefinedOptions = Object.fromEntries(Object.keys(badValues).map((name) => [name, undefined]));
    expect(make(required as never)).to.be.a('function');
    expect(make({ ...undefinedOptions, ...required } as never)).to.be.a('function');
  });

  it('leaves the options as they were', () => {
    const options = Object.freeze({ ...required });
    make(options as never);
    expect(options).to.deep.equal(required);
  });
}

function without(options: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key !== name));
}
