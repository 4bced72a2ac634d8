import type { Arbitrary } from 'fast-check';

/** Something that takes text from a stranger, and how to see whether it took it rightly. */
export interface Target {
  readonly name: string;
  /** Values to begin with; the corpus adds to them. */
  readonly seeds: readonly string[];
  /** Pieces that mean something to it. */
  readonly pieces: readonly string[];
  /** Values built by its grammar, right and nearly right. */
  readonly values: Arbitrary<string>;
  /** Throws where what it promises does not hold for `value`. */
  check(value: string): void;
}

/** Throws unless `holds`. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Throws unless both are the same text when written as JSON. */
export function mustAgree(got: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

/** What does not hold for `value`, in words; nothing where all does. */
export function faultOf(target: Target, value: string): string | undefined {
  try {
    target.check(value);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** A list of texts in one text, for targets that take several: a character that no header may hold parts them. */
export const linesOf = (value: string): readonly string[] => value.split('\n');

/** As Node hands header fields over: every character is one byte. */
export const asLatin1 = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
