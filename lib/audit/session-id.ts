import { randomInt } from 'node:crypto';

const CLASSES = ['0123456789', 'abcdef', 'ghijklmnopqrstuvwxyz', 'ABCDEF', 'GHIJKLMNOPQRSTUVWXYZ'] as const;

/** How many characters there are to choose from, for ids of the characters seen. */
const ALPHABETS: readonly (readonly [RegExp, number])[] = [
  [/^[0-9]*$/, 10],
  [/^[0-9a-f-]*$|^[0-9A-F-]*$/, 16],
  [/^[0-9a-z_-]*$|^[0-9A-Z_-]*$/, 36],
  [/^[0-9A-Za-z_-]*$/, 64],
];
const VISIBLE = 94;

/** An id that nobody has given out, of the shape of `id`: digits for digits, letters for letters. */
export function shapedLike(id: string): string {
  return [...id]
    .map((character) => {
      const alphabet = CLASSES.find((letters) => letters.includes(character));
      return alphabet === undefined ? character : alphabet[randomInt(alphabet.length)];
    })
    .join('');
}

/**
 * The most bits of entropy that ids like these can have: by the length of what differs between them, and the alphabet
 * that it is written in. What they truly have can be far less, never more.
 */
export function mostBits(ids: readonly string[]): number {
  const shortest = Math.min(...ids.map(({ length }) => length));
  const start = common(ids, shortest, (id, i) => id[i]);
  const end = common(ids, shortest - start, (id, i) => id[id.length - 1 - i]);
  const parts = ids.map((id) => id.slice(start, id.length - end));
  const pooled = parts.join('');
  const size = ALPHABETS.find(([pattern]) => pattern.test(pooled))?.[1] ?? VISIBLE;
  const longest = Math.max(...parts.map((part) => part.replace(/-/g, '').length));
  return longest * Math.log2(size);
}

/** For how many places all ids agree, counted by `at`. */
function common(
  ids: readonly string[],
  length: number,
  at: (id: string, i: number) => string | undefined,
): number {
  let count = 0;
  while (count < length && new Set(ids.map((id) => at(id, count))).size === 1) count += 1;
  return count;
}
