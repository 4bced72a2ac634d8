import { randomFillSync } from 'node:crypto';

import { expect } from 'chai';

import { idSource, randomId } from '../../lib/sessions/random-id.js';

describe('session ids', () => {
  it('A1 are 32 bytes, base64url, and no two are alike', () => {
    const ids = Array.from({ length: 5000 }, randomId);
    expect(new Set(ids).size).to.equal(5000);
    for (const id of ids) {
      expect(id).to.match(/^[\w-]{43}$/);
      expect(Buffer.from(id, 'base64url')).to.have.lengthOf(32);
    }
  });

  it('A1 have no bit that is more often set than not', () => {
    const set = new Array<number>(256).fill(0);
    for (let n = 0; n < 4000; n += 1) {
      const bytes = Buffer.from(randomId(), 'base64url');
      for (let bit = 0; bit < 256; bit += 1)
        set[bit] = (set[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1);
    }
    // Six standard deviations (√4000 / 2 = 31.6) either way: by chance once in two million runs.
    for (const count of set) expect(count).to.be.within(2000 - 190, 2000 + 190);
  });

  it('are what the source gave, each byte once, and leave nothing of it behind', () => {
    const given: Buffer[] = [];
    let shared: Buffer = Buffer.alloc(0);
    const next = idSource((bytes) => {
      expect(bytes.equals(Buffer.alloc(bytes.length))).to.equal(true);
      shared = bytes;
      given.push(Buffer.from(randomFillSync(bytes)));
    });
    const ids = Array.from({ length: 150 }, (_, index) => {
      const id = next();
      const used = 32 * ((index % 64) + 1);
      expect(shared.subarray(0, used).equals(Buffer.alloc(used))).to.equal(true);
      return id;
    });
    expect(given.map(({ length }) => length)).to.deep.equal([2048, 2048, 2048]);
    const handedOut = Buffer.concat(ids.map((id) => Buffer.from(id, 'base64url')));
    expect(handedOut.equals(Buffer.concat(given).subarray(0, 150 * 32))).to.equal(true);
  });
});
