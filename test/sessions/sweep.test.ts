import { expect } from 'chai';

import { LiveSession } from '../../lib/sessions/live-session.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import { Sweep } from '../../lib/sessions/sweep.js';
import type { Awaitable, SessionRecord } from '../../lib/types.js';
import { type Clock, stopClock } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada } from './support.js';

const IDLE_SECONDS = 60;
const CONFIRM_MS = 15_000;

interface Store {
  remaining: (ids: readonly string[]) => Awaitable<ReadonlySet<string>>;
  overdue: () => Awaitable<readonly SessionRecord[]>;
  update: () => Promise<void>;
  retry: () => Awaitable<void>;
}

function scene() {
  const log: unknown[][] = [];
  const sessions = new Map<string, LiveSession>();
  const store: Store = {
    remaining: (ids) => new Set(ids),
    overdue: () => [],
    update: async () => {},
    retry: () => {},
  };
  const records = {
    async remaining(ids: readonly string[]) {
      log.push(['remaining', ids.length > 3 ? ids.length : ids]);
      return store.remaining(ids);
    },
    async overdue(which: object) {
      log.push(['overdue', which]);
      return store.overdue();
    },
    update(id: string, changes: object) {
      log.push(['update', id, changes]);
      return store.update();
    },
  };
  const ends = {
    async sweep() {
      log.push(['retry']);
      await store.retry();
    },
  };
  const sweep = new Sweep(sessions, records as unknown as StoredSessions, ends, IDLE_SECONDS, {
    onGone: ({ id }) => log.push(['gone', id]),
    onOverdue: async ({ id }, reason) => void log.push([reason, id]),
    confirmWithinMs: CONFIRM_MS,
  });
  const add = (id: string, changes: Partial<LiveSession> = {}): LiveSession => {
    const session = Object.assign(new LiveSession(id, ada, Date.now(), Number.MAX_SAFE_INTEGER), changes);
    sessions.set(id, session);
    return session;
  };
  /** What it did and asked since it was last looked at, `what` alone. */
  const seen = (...what: string[]): unknown[][] =>
    log.splice(0).filter(([name]) => what.length === 0 || what.includes(name as string));
  return { sweep, sessions, store, add, seen };
}

describe('Sweep', () => {
  failsOnUnhandledRejections();
  let clock: Clock;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => clock[Symbol.dispose]());

  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000);
      await settle();
    }
  };

  it('rests until it is woken, then works each second, however often it is woken', async () => {
    const { sweep, seen } = scene();
    await pass(2);
    expect(seen()).to.deep.equal([]);
    sweep.wake();
    sweep.wake();
    clock.advance(999);
    await settle();
    expect(seen()).to.deep.equal([]);
    clock.advance(1);
    await settle();
    expect(seen()).to.deep.equal([['retry']]);
    await pass(3);
    expect(seen()).to.deep.equal([['retry'], ['retry'], ['retry']]);
    await sweep.close();
  });

  it('does one thing after the other, and nothing twice at once', async () => {
    const { sweep, store, add, seen } = scene();
    const held = gate();
    add('a', { calls: 1 });
    store.retry = () => held.opened;
    sweep.wake();
    await pass(3);
    expect(seen()).to.deep.equal([['retry']]);
    held.open();
    await settle();
    expect(seen()).to.deep.equal([['remaining', ['a']]]);
    store.retry = () => {};
    await pass(1);
    expect(seen('retry', 'remaining')).to.deep.equal([['retry'], ['remaining', ['a']]]);
    await sweep.close();
  });

  it('goes on with the next turn where the store was down', async () => {
    const { sweep, store, add, seen } = scene();
    add('a', { calls: 1 });
    store.remaining = () => Promise.reject(new Error('down'));
    sweep.wake();
    await pass(2);
    expect(seen()).to.deep.equal([['retry'], ['remaining', ['a']], ['retry'], ['remaining', ['a']]]);
    await sweep.close();
  });

  describe('asks whether sessions are kept', () => {
    it('that are busy: each time; that nobody uses: where that was not said for so long', async () => {
      const { sweep, add, seen } = scene();
      const confirmedAt = Date.now() + 1000 - CONFIRM_MS;
      add('busy', { calls: 1 });
      add('starting', { isStarting: true, confirmedAt: 0 });
      add('said lately', { confirmedAt });
      const due = add('said long ago', { confirmedAt: confirmedAt - 1 });
      sweep.wake();
      await pass(1);
      expect(seen('remaining')).to.deep.equal([['remaining', ['busy', 'said long ago']]]);
      expect(due.confirmedAt).to.equal(Date.now());
      await pass(1);
      expect(seen('remaining')).to.deep.equal([['remaining', ['busy', 'said lately']]]);
      await sweep.close();
    });

    it('and lets those that are not be ended, unless they are ending', async () => {
      const { sweep, store, add, seen } = scene();
      add('kept', { calls: 1 });
      const gone = add('gone', { calls: 1, confirmedAt: 5 });
      add('ending', { calls: 1, ending: Promise.resolve() });
      store.remaining = () => new Set(['kept']);
      sweep.wake();
      await pass(1);
      expect(seen('gone')).to.deep.equal([['gone', 'gone']]);
      expect(gone.confirmedAt).to.equal(5);
      await sweep.close();
    });

    it('a thousand at a time', async () => {
      const { sweep, store, add, seen } = scene();
      for (let at = 0; at < 2001; at += 1) add(`s${at}`, { confirmedAt: 0 });
      const asked: string[] = [];
      store.remaining = (ids) => {
        asked.push(...ids);
        return new Set(ids);
      };
      sweep.wake();
      await pass(1);
      expect(seen('remaining', 'gone')).to.deep.equal([
        ['remaining', 1000],
        ['remaining', 1000],
        ['remaining', ['s2000']],
      ]);
      expect(new Set(asked).size).to.equal(2001);
      await sweep.close();
    });
  });

  describe('tells other nodes what is busy here', () => {
    it('from half a second on, 30 s ahead, and again 20 s before that is over', async () => {
      const { sweep, add, seen } = scene();
      const session = add('a', { calls: 1 });
      sweep.wake();
      await pass(1);
      expect(session.busySince).to.equal(Date.now());
      expect(seen('update')).to.deep.equal([]);
      await pass(1);
      const first = Date.now();
      expect(seen('update')).to.deep.equal([
        ['update', 'a', { lastSeenAt: first, busyUntil: first + 30_000 }],
      ]);
      expect(session).to.include({ busyUntil: first + 30_000, writtenAt: first });
      await pass(9);
      expect(seen('update')).to.deep.equal([]);
      await pass(1);
      const again = first + 10_000;
      expect(seen('update')).to.deep.equal([
        ['update', 'a', { lastSeenAt: again, busyUntil: again + 30_000 }],
      ]);
      await sweep.close();
    });

    it('half a second is enough, less is not', async () => {
      const { sweep, add, seen } = scene();
      sweep.wake();
      const at = Date.now() + 500;
      add('long', { calls: 1, busySince: at });
      add('short', { calls: 1, busySince: at + 1 });
      await pass(1);
      expect(seen('update').map(([, id]) => id)).to.deep.equal(['long']);
      await sweep.close();
    });

    it('not of one that is free in between, nor of one that is beginning', async () => {
      const { sweep, add, seen } = scene();
      const session = add('a', { calls: 1 });
      const other = add('b', { isStarting: true, busySince: 0 });
      sweep.wake();
      await pass(1);
      session.calls = 0;
      await pass(1);
      expect(session.busySince).to.equal(undefined);
      session.calls = 1;
      await pass(1);
      expect(seen('update')).to.deep.equal([]);
      expect(other.busySince).to.equal(0);
      await sweep.close();
    });

    it('and is not put out where the store does not take it', async () => {
      const { sweep, store, add, seen } = scene();
      add('a', { calls: 1, busySince: 0 });
      add('b', { calls: 1, busySince: 0 });
      store.update = () => Promise.reject(new Error('down'));
      sweep.wake();
      await pass(1);
      expect(seen('update').map(([, id]) => id)).to.deep.equal(['a', 'b']);
      await sweep.close();
    });
  });

  describe('ends what nobody has ended', () => {
    it('each fifth time, 2 s after the node that serves it would have', async () => {
      const { sweep, store, seen } = scene();
      const now = Date.now() + 5000;
      const record = (id: string, expiresAt: number) => ({ id, expiresAt }) as SessionRecord;
      store.overdue = () => [record('expired', now - 2000), record('idle', now - 1999)];
      sweep.wake();
      await pass(4);
      expect(seen('overdue', 'expired', 'idle')).to.deep.equal([]);
      await pass(1);
      expect(seen('overdue', 'expired', 'idle')).to.deep.equal([
        ['overdue', { expiredAt: now - 2000, idleSince: now - 2000 - IDLE_SECONDS * 1000 }],
        ['expired', 'expired'],
        ['idle', 'idle'],
      ]);
      store.overdue = () => [];
      await pass(4);
      expect(seen('overdue')).to.deep.equal([]);
      await pass(1);
      expect(seen('overdue')).to.have.length(1);
      await sweep.close();
    });
  });

  describe('when it is closed', () => {
    it('stops, waits for what it is doing, and tries once more to remove what was left behind', async () => {
      const { sweep, store, seen } = scene();
      const held = gate();
      store.retry = () => held.opened;
      sweep.wake();
      await pass(1);
      let isClosed = false;
      const closed = sweep.close().then(() => {
        isClosed = true;
      });
      await settle();
      expect(isClosed).to.equal(false);
      expect(seen()).to.deep.equal([['retry']]);
      store.retry = () => {};
      held.open();
      await closed;
      expect(seen()).to.deep.equal([['retry']]);
      await pass(3);
      expect(seen()).to.deep.equal([]);
    });

    it('removes what was left behind also where it was never woken', async () => {
      const { sweep, seen } = scene();
      await sweep.close();
      expect(seen()).to.deep.equal([['retry']]);
    });
  });
});
