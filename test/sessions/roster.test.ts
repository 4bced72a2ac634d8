import { expect } from 'chai';

import { LiveSession } from '../../lib/sessions/live-session.js';
import { Roster } from '../../lib/sessions/roster.js';
import type { Principal } from '../../lib/types.js';
import { ada, eve } from './support.js';

const sessionOf = (id: string, principal: Principal): LiveSession => new LiveSession(id, principal, 0, 1);

describe('Roster', () => {
  it('knows sessions by id and by owner', () => {
    const roster = new Roster();
    const [a, b, c] = [sessionOf('a', ada), sessionOf('b', ada), sessionOf('c', eve)];
    for (const session of [a, b, c]) roster.add(session);
    expect([...roster.sessions.keys()]).to.deep.equal(['a', 'b', 'c']);
    expect(roster.ownedBy(a.owner)).to.deep.equal([a, b]);
    expect(roster.ownedBy('nobody')).to.deep.equal([]);
    roster.remove(a);
    expect(roster.ownedBy(a.owner)).to.deep.equal([b]);
    expect(roster.sessions.has('a')).to.equal(false);
  });

  it('is as it was after a session that was never there, or twice, is removed', () => {
    const roster = new Roster();
    const [a, b] = [sessionOf('a', ada), sessionOf('b', ada)];
    roster.remove(a);
    roster.add(a);
    roster.remove(b);
    expect(roster.ownedBy(a.owner)).to.deep.equal([a]);
    roster.remove(a);
    roster.remove(a);
    expect(roster.ownedBy(a.owner)).to.deep.equal([]);
  });

  it('answers whom it knew when it was asked', () => {
    const roster = new Roster();
    const session = sessionOf('a', ada);
    roster.add(session);
    const owned = roster.ownedBy(session.owner);
    roster.remove(session);
    expect(owned).to.deep.equal([session]);
  });
});
