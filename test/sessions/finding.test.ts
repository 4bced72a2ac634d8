import { expect } from 'chai';

import { Finding, type FindingOptions } from '../../lib/sessions/finding.js';
import type { Keepers } from '../../lib/sessions/keepers.js';
import { LiveSession } from '../../lib/sessions/live-session.js';
import { originData } from '../../lib/sessions/origin.js';
import { Roster } from '../../lib/sessions/roster.js';
import type { SessionEnds } from '../../lib/sessions/session-ends.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import type { Watch } from '../../lib/sessions/watch.js';
import type { Awaitable, Principal, SessionEndReason, SessionRecord } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { ada, eve } from './support.js';

const ID = 'id';
const DOWN = new Error('down');
const HOUR_MS = 3_600_000;

const recordOf = (changes: Partial<SessionRecord> = {}, ended?: SessionEndReason): SessionRecord => ({
  ...{ id: ID, principal: ada, createdAt: 0, lastSeenAt: Date.now(), expiresAt: Date.now() + HOUR_MS },
  initialize: originData({ method: 'initialize' }, ada, { by: 'basic 0', ended }),
  ...changes,
});

interface Given {
  readonly isShared?: boolean;
  /** What the store answers; an error where it is down. */
  readonly record?: SessionRecord | Error | undefined;
  /** The store answers at once, and throws at once. */
  readonly isAtOnce?: boolean;
  /** It is served here. */
  readonly isServed?: boolean;
  readonly overdue?: 'expired' | 'idle';
  readonly hasEnded?: boolean;
  readonly options?: Partial<FindingOptions>;
}

function scene(given: Given = {}) {
  const { isShared = true, record, isAtOnce = false, isServed = false, hasEnded = false } = given;
  const log: unknown[] = [];
  const roster = new Roster();
  const session = new LiveSession(ID, ada, Date.now(), Date.now() + HOUR_MS);
  if (isServed) roster.add(session);
  const get = (): Awaitable<SessionRecord | undefined> => {
    if (isAtOnce && record instanceof Error) throw record;
    if (isAtOnce) return record as SessionRecord | undefined;
    return record instanceof Error ? Promise.reject(record) : Promise.resolve(record);
  };
  const ends = {
    hasEnded: () => hasEnded,
    finish: (...[, reason, fate]: readonly unknown[]) => log.push(['finish', reason, fate]),
    end: (_session: unknown, reason: unknown) => log.push(['end', reason]),
    ofRecords: { endAsKnown: (_record: unknown, reason: unknown) => log.push(['endAsKnown', reason]) },
  };
  const hooks = {};
  const keepers = { hooksOf: (by: unknown, chain: unknown) => log.push(['hooksOf', by, chain]) && hooks };
  const watch = { overdue: () => given.overdue, wake: () => log.push(['wake']) };
  const finding = new Finding(
    roster,
    { isShared, get } as unknown as StoredSessions,
    ends as unknown as SessionEnds,
    keepers as unknown as Keepers,
    watch as unknown as Watch,
    { recheckSeconds: 30, onStoreDown: 'serve-known', ...given.options },
  );
  const find = async (caller?: Principal): Promise<LiveSession | undefined> => finding.find(ID, caller, []);
  return { find, finding, log, roster, session, hooks };
}

const errorOf = (finding: Promise<unknown>): Promise<unknown> =>
  finding.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('Finding', () => {
  for (const isAtOnce of [true, false]) {
    describe(isAtOnce ? 'in a store that answers at once' : 'in a store that answers later', () => {
      it('finds what is served here, whoever asks', async () => {
        const { find, session, log } = scene({ isAtOnce, isServed: true, record: recordOf() });
        for (const caller of [ada, eve, undefined]) expect(await find(caller)).to.equal(session);
        expect(log).to.deep.equal([]);
      });

      it('finds nothing that is not kept, and ends what is served of it', async () => {
        const unknown = scene({ isAtOnce });
        expect(await unknown.find(ada)).to.equal(undefined);
        expect(unknown.log).to.deep.equal([]);
        for (const [isShared, fate] of [
          [true, 'others'],
          [false, 'us'],
        ] as const) {
          const { find, log } = scene({ isAtOnce, isServed: true, isShared });
          expect(await find(ada)).to.equal(undefined);
          expect(log).to.deep.equal([['finish', 'deleted', fate]]);
        }
      });

      it('serves its owner while the store is down, and nobody else', async () => {
        const { find, session } = scene({ isAtOnce, isServed: true, record: DOWN });
        expect(await find(ada)).to.equal(session);
        for (const caller of [eve, undefined]) expect(await errorOf(find(caller))).to.equal(DOWN);
      });

      it('serves nobody while the store is down, where it is told to, and of what is not known here', async () => {
        const told = scene({ isAtOnce, isServed: true, record: DOWN, options: { onStoreDown: 'refuse' } });
        expect(await errorOf(told.find(ada))).to.equal(DOWN);
        const unknown = scene({ isAtOnce, record: DOWN });
        expect(await errorOf(unknown.find(ada))).to.equal(DOWN);
        expect(await errorOf(unknown.find())).to.equal(DOWN);
        const over = scene({ isAtOnce, isServed: true, record: DOWN, overdue: 'idle' });
        expect(await errorOf(over.find(ada))).to.equal(DOWN);
      });
    });
  }

  it('serves its owner for as long as one recheck while the store is down, counted from its last word', async () => {
    using clock = stopClock();
    const { find, session } = scene({ isServed: true, record: DOWN });
    clock.advance(30_000);
    expect(await find(ada)).to.equal(session);
    clock.advance(1);
    expect(await errorOf(find(ada))).to.equal(DOWN);
    const kept = scene({ isServed: true, record: recordOf() });
    clock.advance(60_000);
    await kept.find(ada);
    expect(kept.session.confirmedAt).to.equal(Date.now());
  });

  it('finds nothing that has ended a moment ago, whatever the store still says', async () => {
    const ended = scene({ hasEnded: true, record: recordOf() });
    expect(await ended.find(ada)).to.equal(undefined);
    expect(ended.roster.sessions.size).to.equal(0);
  });

  it('takes over from the store when it was used, how long it may last, and until when others use it', async () => {
    using clock = stopClock();
    const now = Date.now();
    const record = recordOf({ lastSeenAt: now + 5, expiresAt: now + 500, busyUntil: now + 50 });
    const { find, session } = scene({ isServed: true, record });
    clock.advance(1);
    await find(ada);
    expect([session.lastSeenAt, session.expiresAt]).to.deep.equal([now + 5, now + 500]);
    expect(session.othersBusyUntil).to.equal(now + 50);
    const own = scene({
      isServed: true,
      record: recordOf({ lastSeenAt: 5, expiresAt: now + 2 * HOUR_MS, busyUntil: 7 }),
    });
    own.session.busyUntil = 7;
    const { lastSeenAt, expiresAt } = own.session;
    await own.find(ada);
    expect([own.session.lastSeenAt, own.session.expiresAt]).to.deep.equal([lastSeenAt, expiresAt]);
    expect(own.session.othersBusyUntil).to.equal(0);
  });

  describe('what another node began', () => {
    it('is served here from now on where its owner asks, with what undoes its login', async () => {
      const { find, log, roster, hooks } = scene({ record: recordOf() });
      const found = await find(ada);
      expect(found).to.include({ id: ID, hooks });
      expect(roster.sessions.get(ID)).to.equal(found);
      expect(log).to.deep.equal([['hooksOf', 'basic 0', []], ['wake']]);
    });

    it('leaves no trace where a stranger asks, or nobody', async () => {
      for (const caller of [eve, undefined]) {
        const { find, log, roster } = scene({ record: recordOf() });
        expect(await find(caller)).to.include({ id: ID });
        expect(roster.sessions.size).to.equal(0);
        expect(log).to.deep.equal([]);
      }
    });

    it('is nothing where the store is of one node, or nothing can be built from the record', async () => {
      for (const given of [
        { isShared: false, record: recordOf() },
        { record: recordOf({ initialize: null }) },
      ]) {
        const { find, log, roster } = scene(given);
        expect(await find(ada)).to.equal(undefined);
        expect(roster.sessions.size).to.equal(0);
        expect(log).to.deep.equal([]);
      }
    });
  });

  describe('what is over', () => {
    for (const [what, given, reason] of [
      ['expired', { record: recordOf(), overdue: 'expired' }, 'expired'],
      ['idle', { record: recordOf(), overdue: 'idle' }, 'idle'],
      ['ended by a node that could not undo its login', { record: recordOf({}, 'revoked') }, 'revoked'],
      ['the same, and idle', { record: recordOf({}, 'revoked'), overdue: 'idle' }, 'revoked'],
      [
        'the same, and idle although others use it',
        { record: recordOf({ busyUntil: Date.now() + HOUR_MS }, 'revoked'), overdue: 'idle' },
        'revoked',
      ],
      [
        'expired although others use it',
        { record: recordOf({ busyUntil: Date.now() + HOUR_MS }), overdue: 'expired' },
        'expired',
      ],
    ] as const) {
      it(`is ended where it is served: ${what}`, async () => {
        const { find, log } = scene({ ...given, isServed: true });
        expect(await find(ada)).to.equal(undefined);
        expect(log).to.deep.equal([['end', reason]]);
      });
    }

    it('is ended by its record where it is not', async () => {
      for (const [given, reason] of [
        [{ record: recordOf(), overdue: 'idle' }, 'idle'],
        [{ record: recordOf({}, 'revoked') }, 'expired'],
      ] as const) {
        const { find, log, roster } = scene(given);
        expect(await find(ada)).to.equal(undefined);
        expect(log).to.deep.equal([['endAsKnown', reason]]);
        expect(roster.sessions.size).to.equal(0);
      }
    });

    it('is not over where it is idle here and another node uses it, until that is over', async () => {
      using clock = stopClock();
      const now = Date.now();
      const used = scene({ isServed: true, record: recordOf({ busyUntil: now + 10 }), overdue: 'idle' });
      expect(await used.find(ada)).to.equal(used.session);
      expect(used.log).to.deep.equal([]);
      clock.advance(10);
      expect(await used.find(ada)).to.equal(undefined);
      expect(used.log).to.deep.equal([['end', 'idle']]);
    });
  });
});
