import { randomFillSync } from 'node:crypto';

const BYTES = 32;
/** Drawn at once for so many, since asking the source takes longer than all else about an id. */
const AHEAD = 64;

/** Ids of 32 bytes each, base64url, that `fill` makes random. What has been handed out is left nowhere. */
export function idSource(fill: (bytes: Buffer) => void): () => string {
  const drawn = Buffer.alloc(BYTES * AHEAD);
  let used = drawn.length;
  return () => {
    if (used === drawn.length) {
      fill(drawn);
      used = 0;
    }
    const bytes = drawn.subarray(used, used + BYTES);
    used += BYTES;
    const id = bytes.toString('base64url');
    bytes.fill(0);
    return id;
  };
}

/** A session id: 256 bits that nobody can guess. */
export const randomId: () => string = idSource(randomFillSync);
