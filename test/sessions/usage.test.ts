import { expect } from 'chai';

import { LiveSession } from '../../lib/sessions/live-session.js';
import { Roster } from '../../lib/sessions/roster.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import { Usage } from '../../lib/sessions/usage.js';
import type { Watch } from '../../lib/sessions/watch.js';
import { type Clock, stopClock } from '../support/clock.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, exchangeOf } from './support.js';

describe('Usage', () => {
  failsOnUnhandledRejections();
  let clock: Clock;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => clock[Symbol.dispose]());

  function scene(changes: Partial<LiveSession> = {}) {
    const written: unknown[][] = [];
    let woken = 0;
    let isDown = false;
    const roster = new Roster();
    const records = {
      async update(id: string, change: object) {
        written.push([id, change]);
        if (isDown) throw new Error('down');
      },
    } as unknown as StoredSessions;
    const watch = {
      wake: () => {
        woken += 1;
      },
    } as unknown as Watch;
    const session = new LiveSession('a', ada, Date.now(), Number.MAX_SAFE_INTEGER);
    return {
      usage: new Usage(roster, records, watch),
      session: Object.assign(session, changes),
      roster,
      woken: () => woken,
      written: () => written.splice(0),
      breakDown: () => {
        isDown = true;
      },
    };
  }

  it('has a request under watch, with its session, until that is closed, which is a use', () => {
    const { usage, session, roster, woken } = scene();
    const exchange = exchangeOf(ada);
    usage.open(exchange, session);
    expect([[...roster.exchanges], [...session.exchanges], woken()]).to.deep.equal([
      [exchange],
      [exchange],
      1,
    ]);
    clock.advance(5);
    usage.closed(exchange, session);
    expect([roster.exchanges.size, session.exchanges.size]).to.deep.equal([0, 0]);
    expect(session.lastSeenAt).to.equal(Date.now());
    clock.advance(5);
    usage.closed(exchange, session);
    expect(session.lastSeenAt).to.equal(Date.now() - 5);
  });

  it('has one without a session under watch, too', () => {
    const { usage, roster } = scene();
    const exchange = exchangeOf(ada);
    usage.open(exchange, undefined);
    expect(roster.exchanges.size).to.equal(1);
    usage.closed(exchange, undefined);
    expect(roster.exchanges.size).to.equal(0);
  });

  it('takes none that is over: nobody would close it', () => {
    const { usage, session, roster, woken } = scene();
    const exchange = Object.assign(exchangeOf(ada), { isOver: true });
    usage.open(exchange, session);
    expect([roster.exchanges.size, session.exchanges.size, woken()]).to.deep.equal([0, 0, 0]);
  });

  describe('writes the last use', () => {
    it('at most once a second', () => {
      const { usage, session, written } = scene();
      clock.advance(999);
      usage.touch(session);
      expect(session.lastSeenAt).to.equal(Date.now());
      expect(written()).to.deep.equal([]);
      clock.advance(1);
      usage.touch(session);
      expect(written()).to.deep.equal([['a', { lastSeenAt: Date.now() }]]);
      clock.advance(500);
      usage.touch(session);
      expect(written()).to.deep.equal([]);
    });

    it('not of a session that is ending', () => {
      const { usage, session, written } = scene({ ending: Promise.resolve(), writtenAt: 0 });
      usage.touch(session);
      expect(written()).to.deep.equal([]);
    });

    it('and goes on where the store does not take it', async () => {
      const { usage, session, breakDown, written } = scene({ writtenAt: 0 });
      breakDown();
      usage.touch(session);
      await new Promise((resolve) => setImmediate(resolve));
      expect(written()).to.have.length(1);
    });
  });

  describe('of a session that other nodes were told is busy', () => {
    it('takes that back as soon as it is free, once', () => {
      const { usage, session, written } = scene({ busyUntil: Date.now() + 1, othersBusyUntil: 7 });
      usage.touch(session);
      expect(written()).to.deep.equal([['a', { lastSeenAt: Date.now(), busyUntil: 7 }]]);
      expect(session).to.include({ busyUntil: 0, writtenAt: Date.now() });
      usage.touch(session);
      expect(written()).to.deep.equal([]);
    });

    it('leaves it at that while it is busy', () => {
      const { usage, session, written } = scene({ busyUntil: Date.now() + 5000, calls: 1, writtenAt: 0 });
      usage.touch(session);
      expect(written()).to.deep.equal([['a', { lastSeenAt: Date.now() }]]);
      expect(session.busyUntil).to.equal(Date.now() + 5000);
    });

    it('has nothing to take back once that time is over', () => {
      const { usage, session, written } = scene({ busyUntil: Date.now() });
      usage.touch(session);
      expect(written()).to.deep.equal([]);
    });
  });
});
