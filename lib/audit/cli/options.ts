import { parseArgs } from 'node:util';

import { UsageError } from './usage-error.js';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

const OPTIONS = {
  header: texts,
  user: text,
  bearer: text,
  credential: texts,
  'second-user': text,
  'second-bearer': text,
  'second-credential': texts,
  'confirm-host': texts,
  'brute-force': flag,
  guesses: text,
  account: text,
  'token-in-query': flag,
  'legacy-sse': text,
  only: texts,
  skip: texts,
  timeout: text,
  'fail-on': text,
  json: flag,
  list: flag,
  help: { type: 'boolean', short: 'h' },
  version: flag,
} as const;

/** What was typed: the values of the options, with nothing of them looked at. */
export interface Typed {
  readonly header?: readonly string[];
  readonly user?: string;
  readonly bearer?: string;
  readonly credential?: readonly string[];
  readonly 'second-user'?: string;
  readonly 'second-bearer'?: string;
  readonly 'second-credential'?: readonly string[];
  readonly 'confirm-host'?: readonly string[];
  readonly 'brute-force'?: boolean;
  readonly guesses?: string;
  readonly account?: string;
  readonly 'token-in-query'?: boolean;
  readonly 'legacy-sse'?: string;
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly timeout?: string;
  readonly 'fail-on'?: string;
  readonly json?: boolean;
  readonly list?: boolean;
  readonly help?: boolean;
  readonly version?: boolean;
}

/** @throws UsageError */
export function typed(args: readonly string[]): {
  readonly values: Typed;
  readonly words: readonly string[];
} {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    return { values, words: positionals };
  } catch (error) {
    // Node says which option; what follows may quote its value.
    const option = /'(--?[\w-]+)/.exec((error as Error).message)?.[1];
    throw new UsageError(`option ${option} is unknown, or lacks its value`);
  }
}

export function count(option: string, value: string | undefined, fallback: number, max: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!(number > 0 && number <= max))
    throw new UsageError(`--${option} must be a number above 0, at most ${max}`);
  return number;
}
