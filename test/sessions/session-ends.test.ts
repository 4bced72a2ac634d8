import { expect } from 'chai';

import type { GuardNews } from '../../lib/events.js';
import { Keepers } from '../../lib/sessions/keepers.js';
import { LiveSession } from '../../lib/sessions/live-session.js';
import { originData } from '../../lib/sessions/origin.js';
import { Roster } from '../../lib/sessions/roster.js';
import { SessionEnds } from '../../lib/sessions/session-ends.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import type { Awaitable, SessionRecord } from '../../lib/types.js';
import { type Clock, stopClock } from '../support/clock.js';
import { type Gate, gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, exchangeOf } from './support.js';

const RECENT_MS = 10_000;

const DOWN = new Error('down');

function scene({ isShared = true } = {}) {
  const log: unknown[] = [];
  const store = { delete: (): Awaitable<boolean> => true, update: (): Awaitable<void> => {} };
  const records = {
    isShared,
    async delete(id: string, reason: string) {
      log.push(['delete', id, reason]);
      return store.delete();
    },
    async update(id: string, changes: object) {
      log.push(['update', id, changes]);
      return store.update();
    },
  } as unknown as StoredSessions;
  const roster = new Roster();
  const keepers = new Keepers(
    () => {},
    () => undefined,
  );
  const ends = new SessionEnds(roster, records, keepers, (news: GuardNews) => {
    log.push([news.type, 'reason' in news && news.reason]);
  });
  const add = (id: string, changes: Partial<LiveSession> = {}): LiveSession => {
    const session = new LiveSession(id, ada, 0, Number.MAX_SAFE_INTEGER);
    session.hooks = {
      async endSession({ subject }, { sessionId, reason }) {
        log.push(['undone', subject, sessionId, reason]);
      },
    };
    session.closeServer = async () => void log.push(['closed', id]);
    roster.add(Object.assign(session, changes));
    return session;
  };
  /** Its server takes until this opens to close. */
  const slow = (id: string, changes: Partial<LiveSession> = {}): readonly [LiveSession, Gate] => {
    const closing = gate();
    return [add(id, { ...changes, closeServer: () => closing.opened }), closing];
  };
  return { ends, roster, store, add, slow, seen: () => log.splice(0) };
}

/** What happens at the end of `id`, whose record this node removes. */
const ENDED = (id: string, reason: string): unknown[] => [
  ['closed', id],
  ['delete', id, reason],
  ['session.ended', reason],
  ['undone', 'ada', id, reason],
];
const LET_GO = [['closed', 'a']];
const LEFT_TO_OTHERS = [
  ['closed', 'a'],
  ['session.ended', 'revoked'],
];

describe('SessionEnds', () => {
  failsOnUnhandledRejections();

  it('end a session once, whoever asks, and at once for everybody', async () => {
    const { ends, roster, add, seen } = scene();
    const session = add('a');
    const codes: string[] = [];
    session.exchanges.add(exchangeOf(ada, codes));
    const first = ends.end(session, 'revoked');
    expect([roster.sessions.size, roster.ownedBy(session.owner).length]).to.deep.equal([0, 0]);
    expect(session).to.include({ endReason: 'revoked', isEndedByOthers: false, ending: first });
    expect(ends.hasEnded('a')).to.equal(true);
    expect(ends.end(session, 'deleted')).to.equal(first);
    expect(ends.finish(session, 'deleted', 'others')).to.equal(first);
    expect(session).to.include({ endReason: 'revoked', isEndedByOthers: false });
    await first;
    expect(seen()).to.deep.equal(ENDED('a', 'revoked'));
    expect(codes).to.deep.equal(['session_not_found']);
  });

  describe('at a shutdown', () => {
    const movable = { canMove: true };
    const origin = { message: {}, presented: ada } as unknown as LiveSession['origin'];

    it('let go of what another node can go on with', async () => {
      for (const changes of [movable, { ...movable, isStarting: true, origin }]) {
        const { ends, roster, add, seen } = scene();
        const session = add('a', changes);
        await ends.end(session, 'shutdown');
        expect(seen()).to.deep.equal(LET_GO);
        expect(roster.sessions.size).to.equal(0);
        expect(ends.hasEnded('a')).to.equal(false);
      }
    });

    for (const [what, changes, isShared] of [
      ['nobody else has', movable, false],
      ['cannot move', {}, true],
      ['has not served yet', { ...movable, isStarting: true }, true],
    ] as const) {
      it(`end what ${what}`, async () => {
        const { ends, add, seen } = scene({ isShared });
        await ends.end(add('a', changes), 'shutdown');
        expect(seen()).to.deep.equal(ENDED('a', 'shutdown'));
      });
    }

    it('and for any other reason end what could move, too', async () => {
      const { ends, add, seen } = scene();
      await ends.end(add('a', movable), 'idle');
      expect(seen()).to.deep.equal(ENDED('a', 'idle'));
    });
  });

  describe('when a session is let go of', () => {
    let clock: Clock;
    beforeEach(() => {
      clock = stopClock();
    });
    afterEach(() => clock[Symbol.dispose]());

    it('refuse nobody who waits for an answer', async () => {
      const { ends, add, seen } = scene();
      const session = add('a');
      const codes: string[] = [];
      session.exchanges.add(exchangeOf(ada, codes));
      await ends.release(session);
      expect(codes).to.deep.equal([]);
      expect(session.endReason).to.equal('shutdown');
      expect(seen()).to.deep.equal(LET_GO);
    });

    it('take back that it is busy here, where other nodes were told so', async () => {
      const { ends, add, seen } = scene();
      await ends.release(add('a', { busyUntil: Date.now() + 1, othersBusyUntil: 7 }));
      expect(seen()).to.deep.equal([...LET_GO, ['update', 'a', { busyUntil: 7 }]]);
      await ends.release(add('b', { busyUntil: Date.now(), othersBusyUntil: 7 }));
      expect(seen()).to.deep.equal([['closed', 'b']]);
    });

    it('do not mind a store that is down then', async () => {
      const { ends, store, add } = scene();
      store.update = () => Promise.reject(DOWN);
      await ends.release(add('a', { busyUntil: Date.now() + 1 }));
    });
  });

  describe('that another node has ended', () => {
    it('close it, and leave its record and its login to that', async () => {
      const { ends, add, seen } = scene();
      const session = add('a');
      ends.hear('a', 'revoked');
      expect(ends.hasEnded('a')).to.equal(true);
      expect(session).to.include({ endReason: 'revoked', isEndedByOthers: true });
      await ends.underWay('a');
      expect(seen()).to.deep.equal(LEFT_TO_OTHERS);
    });

    it('know that it has ended although it was never served here', () => {
      const { ends, seen } = scene();
      ends.hear('a', 'revoked');
      expect(ends.hasEnded('a')).to.equal(true);
      expect(ends.hasEnded('b')).to.equal(false);
      expect(seen()).to.deep.equal([]);
    });

    it('undo its login where that was left to this one', async () => {
      const { ends, add, seen } = scene();
      const session = add('a');
      ends.hear('a', 'inactive');
      await ends.underWay('a');
      seen();
      await ends.undo(session);
      expect(seen()).to.deep.equal([['undone', 'ada', 'a', 'inactive']]);
    });
  });

  describe('that the store has evicted', () => {
    it('undo the login, without asking the store again', async () => {
      const { ends, add, seen } = scene();
      const session = add('a');
      ends.evict({ evicted: ['a'] });
      expect(ends.hasEnded('a')).to.equal(true);
      expect(session.isEndedByOthers).to.equal(false);
      await ends.underWay('a');
      expect(seen()).to.deep.equal([
        ...[
          ['closed', 'a'],
          ['session.ended', 'evicted'],
        ],
        ['undone', 'ada', 'a', 'evicted'],
      ]);
    });

    const recordOf = (id: string): SessionRecord => ({
      ...{ id, principal: ada, createdAt: 0, lastSeenAt: 0, expiresAt: 1 },
      initialize: originData({}, ada, {}),
    });

    it('end by its record what is served by no node', async () => {
      const { ends, seen } = scene();
      ends.evict({ evicted: ['a', 'b'], evictedRecords: [recordOf('c'), recordOf('b')] });
      await settle();
      expect(seen()).to.deep.equal([['session.ended', 'evicted']]);
      expect([ends.hasEnded('a'), ends.hasEnded('c')]).to.deep.equal([true, false]);
    });

    it('leave it to the end that is under way here to undo the login', async () => {
      const { ends, store, slow, seen } = scene();
      const [session, closing] = slow('a');
      const ending = ends.end(session, 'deleted');
      await settle();
      ends.evict({ evicted: ['a'], evictedRecords: [recordOf('a')] });
      store.delete = () => false;
      closing.open();
      await ending;
      await settle();
      expect(seen()).to.deep.equal([
        ...[
          ['delete', 'a', 'deleted'],
          ['session.ended', 'deleted'],
        ],
        ['undone', 'ada', 'a', 'deleted'],
      ]);
    });

    it('undo the login of what another node had ended, and did not remove', async () => {
      const { ends, slow, seen } = scene();
      const [, closing] = slow('a');
      ends.hear('a', 'revoked');
      await settle();
      ends.evict({ evicted: ['a'], evictedRecords: [recordOf('a')] });
      closing.open();
      await settle();
      expect(seen()).to.deep.equal([
        ['session.ended', 'evicted'],
        ['session.ended', 'revoked'],
      ]);
    });

    it('undo the login of what could not be removed before', async () => {
      const { ends, store, add, seen } = scene();
      store.delete = () => Promise.reject(DOWN);
      await ends.end(add('a'), 'deleted');
      expect(ends.hasEnded('a')).to.equal(true);
      seen();
      store.delete = () => false;
      ends.evict({ evicted: ['a'], evictedRecords: [recordOf('a')] });
      await ends.sweep();
      expect(seen()).to.deep.equal([
        ['delete', 'a', 'deleted'],
        ['undone', 'ada', 'a', 'deleted'],
      ]);
    });

    it('forget that the login of one that was kept is undone: the id may be used again', async () => {
      const { ends, store, add, seen } = scene({ isShared: false });
      store.delete = () => Promise.reject(DOWN);
      await ends.end(add('a'), 'deleted');
      ends.evict({ evicted: ['a'] });
      store.delete = () => true;
      seen();
      await ends.end(add('a'), 'deleted');
      expect(seen()).to.deep.equal(ENDED('a', 'deleted'));
    });
  });

  describe('know for some seconds what has ended', () => {
    it('and forget it when it is swept up', async () => {
      using clock = stopClock();
      const { ends, add } = scene();
      await ends.end(add('a'), 'deleted');
      clock.advance(RECENT_MS - 1);
      await ends.sweep();
      expect(ends.hasEnded('a')).to.equal(true);
      clock.advance(1);
      expect(ends.hasEnded('a')).to.equal(false);
      await ends.sweep();
      expect(ends.hasEnded('a')).to.equal(false);
    });

    it('for as long as its record may still be there', async () => {
      using clock = stopClock();
      const { ends, store, add } = scene();
      store.delete = () => Promise.reject(DOWN);
      await ends.end(add('a'), 'deleted');
      clock.advance(RECENT_MS);
      await ends.sweep();
      expect(ends.hasEnded('a')).to.equal(true);
      store.delete = () => true;
      await ends.sweep();
      expect(ends.hasEnded('a')).to.equal(false);
    });

    it('but not where no other node could bring it back', async () => {
      const { ends, add } = scene({ isShared: false });
      await ends.end(add('a'), 'deleted');
      ends.hear('b', 'deleted');
      expect([ends.hasEnded('a'), ends.hasEnded('b')]).to.deep.equal([false, false]);
      await ends.sweep();
    });
  });

  describe('under way', () => {
    it('are found by the id until they are over', async () => {
      const { ends, slow } = scene();
      const [session, closing] = slow('a');
      const ending = ends.end(session, 'deleted');
      expect(ends.underWay('a')).to.equal(ending);
      expect(ends.underWay('b')).to.equal(undefined);
      closing.open();
      await ending;
      await settle();
      expect(ends.underWay('a')).to.equal(undefined);
    });

    it('of two sessions with one id the later is found until it is over', async () => {
      const { ends, slow } = scene();
      const [before, closingBefore] = slow('a');
      const [after, closingAfter] = slow('a');
      const first = ends.end(before, 'deleted');
      const second = ends.end(after, 'deleted');
      closingBefore.open();
      await first;
      await settle();
      expect(ends.underWay('a')).to.equal(second);
      closingAfter.open();
      await second;
      await settle();
      expect(ends.underWay('a')).to.equal(undefined);
    });

    it('are not those that are let go of', async () => {
      const { ends, slow } = scene();
      const [session, closing] = slow('a');
      void ends.release(session);
      expect(ends.underWay('a')).to.equal(undefined);
      closing.open();
    });

    it('are all waited for, those that are let go of, too', async () => {
      for (const end of ['end', 'release'] as const) {
        const { ends, slow } = scene();
        const [session, closing] = slow('a');
        void ends[end](session, 'deleted');
        let isOver = false;
        const over = ends.allUnderWay().then(() => {
          isOver = true;
        });
        await settle();
        expect(isOver).to.equal(false);
        closing.open();
        await over;
      }
    });
  });
});
