import { expect } from 'chai';
import { SignJWT } from 'jose';
import { accessTokens } from '../src/users/tokens.js';

const secret = new Uint8Array(32).fill(7);
const tokens = accessTokens(secret, 60);

interface Claims {
  readonly iss?: string;
  readonly aud?: string;
  readonly sub?: string;
  readonly exp?: number;
  readonly type?: string;
}

const inAMinute = (): number => Math.floor(Date.now() / 1000) + 60;

async function signed(changes: Claims, key: Uint8Array = secret): Promise<string> {
  const claims = { iss: 'wiki', aud: 'wiki-api', sub: 'u1', exp: inAMinute(), type: 'access', ...changes };
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(key);
}

describe('access tokens', () => {
  it('name the user they were issued to, and when they end', async () => {
    const before = inAMinute();
    const { token, expiresAt } = await tokens.issue('u1');
    expect(await tokens.subjectOf(token)).to.equal('u1');
    expect(expiresAt).to.be.within(before, inAMinute());
  });

  it('are told apart, even when issued at once to one user', async () => {
    const [one, other] = await Promise.all([tokens.issue('u1'), tokens.issue('u1')]);
    expect(one.token).not.to.equal(other.token);
  });

  const refused: readonly [why: string, changes: Claims][] = [
    ['another issuer', { iss: 'elsewhere' }],
    ['another audience', { aud: 'billing' }],
    ['another type', { type: 'refresh' }],
    ['an empty subject', { sub: '' }],
    ['an expiry in the past', { exp: 1 }],
  ];
  for (const [why, changes] of refused) {
    it(`are refused for ${why}`, async () => {
      expect(await tokens.subjectOf(await signed(changes))).to.equal(null);
    });
  }

  it('are accepted when nothing is wrong, as the refusals above assume', async () => {
    expect(await tokens.subjectOf(await signed({}))).to.equal('u1');
  });

  it('are refused when another key signed them, or nothing did', async () => {
    expect(await tokens.subjectOf(await signed({}, new Uint8Array(32).fill(8)))).to.equal(null);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`;
    expect(await tokens.subjectOf(none)).to.equal(null);
    expect(await tokens.subjectOf('no token at all')).to.equal(null);
  });
});
