import { expect } from 'chai';

import { LiveSession } from '../../lib/sessions/live-session.js';
import type { Principal } from '../../lib/types.js';
import { ada, exchangeOf } from './support.js';

const sessionOf = (principal: Principal = ada): LiveSession => new LiveSession('id', principal, 1000, 9000);

describe('LiveSession', () => {
  it('W11 is bound to an identity, not to a credential', () => {
    const { owner } = sessionOf({ subject: 'ada', token: 'one', scopes: ['x'], expiresAt: 5 });
    expect(sessionOf({ subject: 'ada', token: 'two' }).owner).to.equal(owner);
    expect(sessionOf({ subject: 'ada', tenant: 't' }).owner).to.not.equal(owner);
    expect(sessionOf({ subject: 'ada', issuer: 'i' }).owner).to.not.equal(owner);
  });

  it('is nothing but begun at first', () => {
    const { canMove, isStarting, isDeleting, isEndedByOthers, endReason, ending, busyUntil } = sessionOf();
    expect([canMove, isStarting, isDeleting, isEndedByOthers]).to.deep.equal([false, false, false, false]);
    expect([endReason, ending, busyUntil]).to.deep.equal(['failed', undefined, 0]);
  });

  it('is busy while there is an exchange or a call', () => {
    const session = sessionOf();
    expect(session.isBusy).to.equal(false);
    session.calls = 1;
    expect(session.isBusy).to.equal(true);
    session.calls = 0;
    session.exchanges.add(exchangeOf(ada));
    expect(session.isBusy).to.equal(true);
  });

  describe('covers', () => {
    const cases: readonly (readonly [
      began: string[] | undefined,
      now: string[] | undefined,
      isCovered: boolean,
    ])[] = [
      [undefined, undefined, true],
      [undefined, ['read'], true],
      [[], [], true],
      [['read'], ['read'], true],
      [['read'], ['write', 'read'], true],
      [['read'], ['write'], false],
      [['read', 'admin'], ['read'], false],
      [['read'], [], false],
      [['read'], undefined, false],
    ];
    for (const [began, now, isCovered] of cases) {
      it(`begun with ${began}, now ${now}: ${isCovered}`, () => {
        const session = sessionOf({ subject: 'ada', ...(began && { scopes: began }) });
        expect(session.covers({ subject: 'ada', ...(now && { scopes: now }) })).to.equal(isCovered);
      });
    }
  });

  describe('addProof', () => {
    it('remembers the last four credentials, each once', () => {
      const session = sessionOf();
      for (const key of ['a', 'b', 'c', 'a', 'd', 'e', undefined, 'e']) session.addProof(key);
      expect([...session.proofs]).to.deep.equal(['c', 'a', 'd', 'e']);
    });

    it('keeps the others where one of them comes again', () => {
      for (const [keys, kept] of [
        ['aba', 'ba'],
        ['abcb', 'acb'],
        ['abb', 'ab'],
      ] as const) {
        const session = sessionOf();
        for (const key of keys) session.addProof(key);
        expect(session.proofs.join('')).to.equal(kept);
      }
    });
  });

  describe('principalFor', () => {
    it("W12 is this request's principal, with what the login added", () => {
      const session = sessionOf({ subject: 'ada', token: 'old' });
      session.principal = { subject: 'ada', token: 'old', claims: { role: 'admin' } };
      const refreshed: Principal = { subject: 'ada', token: 'new' };
      const merged = session.principalFor(refreshed);
      expect(merged.token).to.equal('new');
      expect(merged.claims).to.deep.equal({ role: 'admin' });
      expect(session.principalFor(refreshed)).to.equal(merged);
    });

    it("is this request's principal itself, where the login added nothing", () => {
      const refreshed: Principal = { subject: 'ada', token: 'new' };
      expect(sessionOf().principalFor(refreshed)).to.equal(refreshed);
    });
  });

  it('stops once: the signal is aborted, exchanges end, nothing stays', () => {
    const session = sessionOf();
    const codes: string[] = [];
    session.exchanges.add(exchangeOf(ada, codes));
    expect(session.signal.aborted).to.equal(false);
    session.stop('deleted');
    session.stop('deleted');
    expect(codes).to.deep.equal(['session_not_found']);
    expect(session.signal.aborted).to.equal(true);
    expect(session.exchanges.size).to.equal(0);
  });
});
