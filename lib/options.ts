/** One rule for one option: what it must be, in words, and the test. */
export interface OptionRule {
  readonly must: string;
  readonly test: (value: unknown) => boolean;
  readonly required?: boolean;
}

/** `setTimeout` fires at once above this many milliseconds. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isNumber = (value: unknown, max: number): value is number =>
  typeof value === 'number' && value > 0 && value <= max;
const isCount = (value: unknown): boolean =>
  isNumber(value, Number.MAX_SAFE_INTEGER) && Number.isInteger(value);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

type RuleName = 'text' | 'flag' | 'count' | 'seconds' | 'milliseconds' | 'callback' | 'texts' | 'object';

export const rule: Readonly<Record<RuleName, OptionRule>> = {
  text: { must: 'a non-empty string', test: isText },
  flag: { must: 'a boolean', test: (value) => typeof value === 'boolean' },
  count: { must: 'a positive integer', test: isCount },
  seconds: {
    must: 'a positive number of seconds, at most 2147483',
    test: (value) => isNumber(value, Math.floor(MAX_MILLISECONDS / 1000)),
  },
  milliseconds: {
    must: 'a positive number of milliseconds, at most 2147483647',
    test: (value) => isNumber(value, MAX_MILLISECONDS),
  },
  callback: { must: 'a function', test: (value) => typeof value === 'function' },
  texts: {
    must: 'an array of non-empty strings',
    test: (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
  },
  object: { must: 'an object', test: isRecord },
};

export const required = (base: OptionRule): OptionRule => ({ ...base, required: true });

export const oneOf = (...values: readonly string[]): OptionRule => ({
  must: `one of ${values.map((value) => `"${value}"`).join(', ')}`,
  test: (value) => (values as readonly unknown[]).includes(value),
});

export const methodsOf = (...names: readonly string[]): OptionRule => ({
  must: `an object with ${names.join(', ')}`,
  test: (value) => hasMethods(value, names),
});

/**
 * Checks what a caller configured, at creation.
 * `undefined` counts as left out. Throws `TypeError` naming the owner and the option for an unknown key,
 * a missing required one or a value that breaks its rule; values never appear in the text.
 */
export function checkOptions(
  owner: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
): void {
  if (!isRecord(options)) throw new TypeError(`${owner}: options must be an object`);
  for (const key of Reflect.ownKeys(options)) {
    if (!Object.hasOwn(rules, key)) {
      throw new TypeError(`${owner}: unknown option "${String(key)}"`);
    }
  }
  for (const [name, { must, test, required: needed }] of Object.entries(rules)) {
    const value = options[name];
    if (value === undefined ? needed : !test(value)) {
      throw new TypeError(`${owner}: option "${name}" must be ${must}`);
    }
  }
}

/** The options that `defaults` names: as given, or their default. */
export function withDefaults<D extends object>(
  defaults: D,
  given: { readonly [name in keyof D]?: D[name] | undefined },
): D {
  const names = Object.keys(defaults) as (keyof D & string)[];
  return Object.fromEntries(names.map((name) => [name, given[name] ?? defaults[name]])) as D;
}
