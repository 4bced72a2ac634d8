/** Well-formed sequences, by their first byte: how many follow, and between what the first of those lies. */
const LEADS: readonly (readonly [
  first: number,
  last: number,
  following: number,
  low: number,
  high: number,
])[] = [
  [0x00, 0x7f, 0, 0, 0],
  [0xc2, 0xdf, 1, 0x80, 0xbf],
  [0xe0, 0xe0, 2, 0xa0, 0xbf],
  [0xe1, 0xec, 2, 0x80, 0xbf],
  [0xed, 0xed, 2, 0x80, 0x9f],
  [0xee, 0xef, 2, 0x80, 0xbf],
  [0xf0, 0xf0, 3, 0x90, 0xbf],
  [0xf1, 0xf3, 3, 0x80, 0xbf],
  [0xf4, 0xf4, 3, 0x80, 0x8f],
];
const BITS_OF_LEAD = [0x7f, 0x1f, 0x0f, 0x07];
const ROW_OF: readonly ((typeof LEADS)[number] | undefined)[] = Array.from({ length: 256 }, (_, lead) =>
  LEADS.find(([first, last]) => lead >= first && lead <= last),
);

/** The code points of UTF-8 by the table of RFC 3629 §4, or `undefined` where the bytes are none. */
export function decodeUtf8(bytes: Uint8Array | readonly number[]): number[] | undefined {
  const points: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const row = ROW_OF[lead];
    if (row === undefined) return undefined;
    const [, , following, low, high] = row;
    let point = lead % ((BITS_OF_LEAD[following] as number) + 1);
    for (let n = 1; n <= following; n += 1) {
      const byte = bytes[at + n] ?? -1;
      const [least, most] = n === 1 ? [low, high] : [0x80, 0xbf];
      if (byte < least || byte > most) return undefined;
      point = point * 64 + (byte - 0x80);
    }
    points.push(point);
    at += following + 1;
  }
  return points;
}
