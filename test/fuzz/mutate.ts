import type { Random } from './random.js';

const CODES: readonly number[] = [
  ...[0, 1, 9, 10, 13, 0x1f, 0x20, 0x21, 0x22, 0x2b, 0x2f, 0x3a, 0x3d, 0x40, 0x5c, 0x7e, 0x7f, 0x80, 0x85],
  ...[0xa0, 0xad, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xf0, 0xf4, 0xff, 0x130, 0x131, 0x17f, 0x3c2, 0x3c3, 0x200d],
  ...[0x202e, 0x2028, 0x212a, 0x3000, 0x3002, 0xd800, 0xdc00, 0xfb03, 0xfdfa, 0xfeff, 0xff0e, 0xff21, 0xffff],
];
const MAX_STEPS = 4;
/** Longer values only cost time: lengths have their tests. */
const MAX_LENGTH = 4096;

type Step = (value: string, random: Random, pieces: readonly string[], pool: readonly string[]) => string;

const character = (random: Random): string =>
  String.fromCharCode(
    random.below(3) === 0 ? random.pick(CODES) : random.below(random.pick([128, 256, 65_536])),
  );

const splice = (value: string, at: number, removed: number, inserted: string): string =>
  value.slice(0, at) + inserted + value.slice(at + removed);

const place = (value: string, random: Random): number => random.below(value.length + 1);

/** How one value becomes another. */
const STEPS: readonly Step[] = [
  (value, random) => splice(value, place(value, random), 0, character(random)),
  (value, random) => splice(value, place(value, random), 1, character(random)),
  (value, random) => splice(value, place(value, random), 1 + random.below(8), ''),
  (value, random, pieces) => splice(value, place(value, random), random.below(3), random.pick(pieces)),
  (value, random) => {
    const from = place(value, random);
    return splice(value, place(value, random), 0, value.slice(from, from + 1 + random.below(16)));
  },
  (value, random, _pieces, pool) => {
    const other = random.pick(pool);
    return value.slice(0, place(value, random)) + other.slice(place(other, random));
  },
  (value, random) => {
    const at = place(value, random);
    const one = value.slice(at, at + 1);
    return splice(value, at, 1, random.below(2) ? one.toUpperCase() : one.toLowerCase());
  },
  (value, random) => {
    const at = place(value, random);
    const code = value.charCodeAt(at);
    return Number.isNaN(code)
      ? value
      : splice(value, at, 1, String.fromCharCode(code ^ (1 << random.below(8))));
  },
  (value, random) => splice(value, place(value, random), 0, character(random).repeat(1 + random.below(40))),
];

/** Changes a value of `pool` in a few places, by means of what means something (`pieces`) and of what does not. */
export function mutate(random: Random, pool: readonly string[], pieces: readonly string[]): string {
  let value = random.pick(pool);
  for (let steps = 1 + random.below(MAX_STEPS); steps > 0; steps -= 1) {
    value = random.pick(STEPS)(value, random, pieces, pool);
  }
  return value.length > MAX_LENGTH ? value.slice(0, MAX_LENGTH) : value;
}
