import { expect } from 'chai';

import { basicIn, basicValue, madeUp, secretsOf, spoiled, withAuthorization } from '../../lib/audit/actor.js';
import type { HeaderLines } from '../../lib/audit/headers.js';

const spoiledOf = (headers: HeaderLines): HeaderLines => spoiled({ name: 'ada', headers }).headers;
const of = (value: string) => basicIn([['Authorization', value]]);
const spoiledValue = (value: string): string => spoiledOf([['Authorization', value]])[0]?.[1] ?? '';

describe('the actors of an audit', () => {
  it('are made up anew each time', () => {
    expect(madeUp()).to.match(/^audit-[0-9a-f]{32}$/);
    expect(madeUp()).to.not.equal(madeUp());
  });

  it('present Basic in UTF-8, and no other scheme is read as Basic', () => {
    const value = basicValue('ädä', 'a:b');
    expect(value).to.equal('Basic w6Rkw6Q6YTpi');
    expect(of(value)).to.deep.equal({ username: 'ädä', password: 'a:b' });
    expect(of('basic   YTpi')).to.deep.equal({ username: 'a', password: 'b' });
    for (const other of ['Bearer YTpi', 'YTpi', 'Basic', 'Basic !', ''])
      expect(of(other), other).to.equal(undefined);
  });

  it('have no header but Authorization, as often as it is given', () => {
    expect(withAuthorization('two', 'a', 'b')).to.deep.equal({
      name: 'two',
      headers: [
        ['Authorization', 'a'],
        ['Authorization', 'b'],
      ],
    });
  });

  describe('made wrong', () => {
    it('say so in their name', () => {
      expect(spoiled({ name: 'the first credential', headers: [] }).name).to.equal(
        'the first credential, made wrong',
      );
    });

    it('have another password of the same user', () => {
      const read = of(spoiledValue(basicValue('ada', 'right')));
      expect(read?.username).to.equal('ada');
      expect(read?.password).to.match(/^audit-[0-9a-f]{32}$/);
    });

    it('keep a scheme, and have another token of the same length after it', () => {
      // The first is base64 of a user and a password.
      for (const token of ['YTpi', 'x', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl']) {
        const value = spoiledValue(`Bearer ${token}`);
        expect(value)
          .to.match(/^Bearer \S+$/)
          .and.to.have.length(token.length + 7);
        expect(value).to.not.equal(`Bearer ${token}`);
      }
    });

    it('have another key where Authorization holds one without a scheme', () => {
      const value = spoiledValue('sk-0123456789abcdef');
      expect(value).to.have.length(19).and.not.equal('sk-0123456789abcdef');
    });

    it('are always others, however short they are', () => {
      for (let n = 0; n < 500; n += 1) {
        expect(spoiledOf([['X-Api-Key', 'a']])).to.not.deep.equal([['X-Api-Key', 'a']]);
      }
    });

    it('keep the end of a token, whose last characters may mean nothing, and the beginning', () => {
      const token = 'aaaaaaaaaabbbbbbbbbbcccccccccc';
      const value = spoiledValue(`Bearer ${token}`).slice(7);
      expect([value.slice(0, 19), value.slice(-3)]).to.deep.equal([token.slice(0, 19), 'ccc']);
    });

    it('keep beside Authorization what is no secret, and have all else altered where there is none', () => {
      const org = ['X-Org', 'north'] as const;
      const both = spoiledOf([['authorization', 'Bearer token-of-ada'], org]);
      expect(both[0]).to.deep.equal(org);
      expect(both[1]?.[1])
        .to.match(/^Bearer /)
        .and.not.equal('Bearer token-of-ada');
      const [[name, value] = []] = spoiledOf([org]);
      expect([name, value?.length]).to.deep.equal(['X-Org', 5]);
      expect(value).to.not.equal('north');
    });
  });

  it('have for their secrets each value, what comes after a scheme, and a password', () => {
    const basic = basicValue('ada', 'swordfish');
    const secrets = secretsOf([
      ['Authorization', basic],
      ['X-Api-Key', 'key-of-ada'],
      ['X-Token', 'Bearer  token-of-ada'],
    ]);
    expect(secrets).to.deep.equal([
      ...[basic, basic.slice(6), 'swordfish'],
      ...['key-of-ada', 'key-of-ada'],
      ...['Bearer  token-of-ada', 'token-of-ada'],
    ]);
    expect(secretsOf([])).to.deep.equal([]);
  });
});
