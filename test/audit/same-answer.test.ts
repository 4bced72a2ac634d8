import { randomBytes, randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { alike } from '../../lib/audit/same-answer.js';
import type { Reply } from '../../lib/audit/wire/reply.js';

const replyWith = (text: string, status = 404): Reply => ({
  ...{ status, text, rawHeaders: [], askedId: undefined },
});
const areAlike = (one: string, other: string, ids: readonly string[] = []): boolean =>
  alike(replyWith(one), replyWith(other), ids);

const pick = (...texts: readonly string[]): string => texts[Math.floor(Math.random() * texts.length)] ?? '';

describe('two answers', () => {
  it('are alike where they are the same, but for the ids of sessions', () => {
    expect(areAlike('a', 'a')).to.equal(true);
    expect(areAlike('no s-1, no s-1', 'no s-2, no s-2', ['s-1', 's-2'])).to.equal(true);
    expect(areAlike('no s-1', 'no s-2', ['s-1'])).to.equal(false);
    expect(areAlike('a', 'b')).to.equal(false);
    expect(areAlike('no s-1', 'no ', ['s-1'])).to.equal(false);
    expect(alike(replyWith('a'), replyWith('a', 403), [])).to.equal(false);
  });

  const VARYING: readonly (readonly [string, () => string])[] = [
    ['ids of requests', () => `audit-${randomBytes(3).toString('hex')}`],
    ['times', () => new Date(Math.random() * 1e12).toISOString()],
    ['times of some zone', () => `2026-01-01T10:00:00${pick('+01:00', '-12:30', '+0545', '-0800', 'Z', '')}`],
    ['times of HTTP', () => new Date(Math.random() * 1e12).toUTCString()],
    ['UUIDs', randomUUID],
    ['UUIDs in capitals', () => randomUUID().toUpperCase()],
    ['long hexadecimals', () => randomBytes(8).toString('hex')],
    ['long hexadecimals in capitals', () => randomBytes(16).toString('hex').toUpperCase()],
    ['times in milliseconds', () => String(1e12 + Math.floor(Math.random() * 1e12))],
    ['times in seconds', () => String(1e9 + Math.floor(Math.random() * 8e9))],
  ];
  for (const [what, make] of VARYING) {
    it(`are alike but for ${what}, each of them`, () => {
      const said = (): string => `{"at":"${make()}","and":"${make()}"}`;
      for (let n = 0; n < 100; n += 1) expect(areAlike(said(), said())).to.equal(true);
      expect(areAlike(said(), '{"at":"","and":""}')).to.equal(false);
    });
  }

  const TOLD: readonly (readonly [string, string])[] = [
    ['code 1', 'code 2'],
    ['-32600', '-32001'],
    ['123456789', '123456780'],
    ['deadbeef', 'deadbeee'],
    ['0123456789abcde', '0123456789abcdf'],
    ['no audit', 'an audit'],
    ['2026-01-01', '2026-01-02'],
    ['g0123456789abcdef', 'g0123456789abcdee'],
    ['x1234567890', 'x1234567891'],
  ];
  for (const [one, other] of TOLD) {
    it(`are not where one says ${one} and the other ${other}`, () => {
      expect(areAlike(one, other)).to.equal(false);
    });
  }
});
