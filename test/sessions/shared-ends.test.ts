import { expect } from 'chai';

import { LiveSession } from '../../lib/sessions/live-session.js';
import { originData } from '../../lib/sessions/origin.js';
import { Roster } from '../../lib/sessions/roster.js';
import type { SessionEnds } from '../../lib/sessions/session-ends.js';
import { SharedEnds } from '../../lib/sessions/shared-ends.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import type { Awaitable, SessionEndReason, SessionRecord } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { ada } from './support.js';

const IDLE_MS = 60_000;

const recordOf = (changes: Partial<SessionRecord> = {}, ended?: SessionEndReason): SessionRecord => ({
  ...{
    id: 'a',
    principal: ada,
    createdAt: 0,
    lastSeenAt: Date.now() - IDLE_MS,
    expiresAt: Date.now() + 1000,
  },
  initialize: originData({}, ada, { ended }),
  ...changes,
});

interface Given {
  readonly get?: () => Awaitable<SessionRecord | undefined>;
  readonly isServed?: boolean;
  readonly isOverdue?: boolean;
  readonly isUnderWay?: boolean;
}

function scene({
  get = () => undefined,
  isServed = true,
  isOverdue = false,
  isUnderWay = false,
}: Given = {}) {
  const log: unknown[] = [];
  const roster = new Roster();
  const session = new LiveSession('a', ada, 0, Date.now() + 1000);
  if (isServed) roster.add(session);
  const store = {
    get: () => {
      log.push('get');
      return get();
    },
  };
  const ends = {
    finish: (_session: LiveSession, reason: string, fate: string) => log.push(['finish', reason, fate]),
    release: () => log.push('release'),
    end: (_session: LiveSession, reason: string) => log.push(['end', reason]),
    underWay: () => (isUnderWay ? Promise.resolve() : undefined),
    ofRecords: { endAsKnown: async (_record: unknown, reason: string) => log.push(['endAsKnown', reason]) },
  };
  const shared = new SharedEnds(roster, store as unknown as StoredSessions, ends as unknown as SessionEnds, {
    idleSeconds: IDLE_MS / 1000,
    isOverdue: () => isOverdue,
  });
  return { shared, session, log };
}

describe('SharedEnds', () => {
  describe('of a session that is idle here', () => {
    for (const [what, changes, outcome] of [
      ['nobody has used it', {}, ['end', 'idle']],
      ['another node has used it', { lastSeenAt: Number.MAX_SAFE_INTEGER }, 'release'],
      ['another node uses it', { busyUntil: Number.MAX_SAFE_INTEGER }, 'release'],
      ['another node used it until it was idle', { busyUntil: 1 }, ['end', 'idle']],
    ] as const) {
      it(`asks the store, which says: ${what}`, async () => {
        const { shared, session, log } = scene({ get: () => recordOf(changes) });
        await shared.endIdle(session);
        expect(log).to.deep.equal(['get', outcome]);
      });
    }

    it('takes what the store says to the millisecond', async () => {
      using _clock = stopClock();
      for (const [changes, outcome] of [
        [{ lastSeenAt: Date.now() - IDLE_MS }, ['end', 'idle']],
        [{ lastSeenAt: Date.now() - IDLE_MS + 1 }, 'release'],
        [{ busyUntil: Date.now() }, ['end', 'idle']],
        [{ busyUntil: Date.now() + 1 }, 'release'],
      ] as const) {
        const { shared, session, log } = scene({ get: () => recordOf(changes) });
        await shared.endIdle(session);
        expect(log).to.deep.equal(['get', outcome]);
      }
    });

    it('is over where its record is gone', async () => {
      const { shared, session, log } = scene();
      await shared.endIdle(session);
      expect(log).to.deep.equal(['get', ['finish', 'idle', 'others']]);
    });

    it('goes on where it is used again, or is ending, by the time the store answers', async () => {
      for (const meanwhile of [
        (session: LiveSession) => {
          session.calls = 1;
        },
        (session: LiveSession) => {
          session.ending = Promise.resolve();
        },
      ]) {
        const { shared, session, log } = scene({
          get: async () => {
            meanwhile(session);
            return recordOf();
          },
        });
        await shared.endIdle(session);
        expect(log).to.deep.equal(['get']);
      }
    });

    it('is asked for again after 6 s, also where the store was down', async () => {
      using clock = stopClock();
      const { shared, session, log } = scene({ get: () => Promise.reject(new Error('down')) });
      await shared.endIdle(session);
      await shared.endIdle(session);
      clock.advance(5999);
      await shared.endIdle(session);
      expect(log).to.deep.equal(['get']);
      clock.advance(1);
      await shared.endIdle(session);
      expect(log).to.deep.equal(['get', 'get']);
    });
  });

  it('end a session whose record is gone, or says that it has ended', async () => {
    for (const [get, outcome] of [
      [() => undefined, ['finish', 'deleted', 'others']],
      [() => recordOf(), ['end', 'expired']],
      [() => recordOf({}, 'revoked'), ['end', 'revoked']],
      [() => Promise.reject(new Error('down')), ['finish', 'deleted', 'others']],
      [
        () => {
          throw new Error('down');
        },
        ['finish', 'deleted', 'others'],
      ],
    ] as const) {
      const { shared, session, log } = scene({ get });
      await shared.endGone(session);
      expect(log).to.deep.equal(['get', outcome]);
    }
  });

  describe('of a record that is over', () => {
    it('end its session where that is served here and over here, too', async () => {
      for (const [isOverdue, ended, log] of [
        [true, undefined, [['end', 'idle']]],
        [false, undefined, []],
        [false, 'revoked', [['end', 'revoked']]],
        [true, 'revoked', [['end', 'revoked']]],
      ] as const) {
        const at = scene({ isOverdue });
        await at.shared.endOverdue(recordOf({}, ended), 'idle');
        expect(at.log).to.deep.equal(log);
      }
    });

    it('end it by its record where it is not served here, and is not ending', async () => {
      const elsewhere = scene({ isServed: false });
      await elsewhere.shared.endOverdue(recordOf(), 'expired');
      expect(elsewhere.log).to.deep.equal([['endAsKnown', 'expired']]);
      const ending = scene({ isServed: false, isUnderWay: true });
      await ending.shared.endOverdue(recordOf(), 'expired');
      expect(ending.log).to.deep.equal([]);
    });
  });
});
