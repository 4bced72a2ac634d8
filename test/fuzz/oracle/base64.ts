const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * The bytes that RFC 4648 §4 gives for `text`, bit by bit, or `undefined` where it is not the one canonical spelling of
 * any: another alphabet, a length that is no multiple of four, pads elsewhere, bits left over that are not zero.
 */
export function decodeBase64(text: string): number[] | undefined {
  if (text.length % 4 !== 0) return undefined;
  let end = text.length;
  let pads = 0;
  while (pads < 2 && end > 0 && text.charAt(end - 1) === '=') {
    end -= 1;
    pads += 1;
  }
  const bits: number[] = [];
  for (let at = 0; at < end; at += 1) {
    const value = ALPHABET.indexOf(text.charAt(at));
    if (value < 0) return undefined;
    for (let bit = 5; bit >= 0; bit -= 1) bits.push(Math.floor(value / 2 ** bit) % 2);
  }
  const leftOver = bits.length % 8;
  // One pad stands for two bits that are left over, two pads for four.
  if (leftOver !== pads * 2) return undefined;
  const bytes: number[] = [];
  let byte = 0;
  for (let at = 0; at < bits.length; at += 1) {
    byte = byte * 2 + (bits[at] as number);
    if (at % 8 !== 7) continue;
    bytes.push(byte);
    byte = 0;
  }
  // What is left in it are the bits that belong to no byte.
  return byte === 0 ? bytes : undefined;
}
