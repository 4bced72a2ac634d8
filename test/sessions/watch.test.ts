import { expect } from 'chai';

import type { Exchange } from '../../lib/sessions/exchange.js';
import { LiveSession } from '../../lib/sessions/live-session.js';
import { Watch } from '../../lib/sessions/watch.js';
import type { SessionEndReason } from '../../lib/types.js';
import { stopClock } from '../support/clock.js';
import { type Gate, gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, exchangeOf, fakeKeeper } from './support.js';

const TICK_MS = 250;

interface Watching {
  readonly watch: Watch;
  readonly sessions: Map<string, LiveSession>;
  readonly exchanges: Set<Exchange>;
  readonly ended: [id: string, reason: SessionEndReason][];
  /** A session that is watched from now on. */
  session(id: string, lifeMs?: number): LiveSession;
}

/** A watch over sessions that go when they end. */
function watching(idleSeconds = 60, recheckSeconds = 30): Watching {
  const sessions = new Map<string, LiveSession>();
  const exchanges = new Set<Exchange>();
  const ended: [string, SessionEndReason][] = [];
  const watch = new Watch(sessions, exchanges, { idleSeconds, recheckSeconds }, async (session, reason) => {
    sessions.delete(session.id);
    ended.push([session.id, reason]);
  });
  return {
    watch,
    sessions,
    exchanges,
    ended,
    session(id, lifeMs = 1_000_000) {
      const session = new LiveSession(id, ada, Date.now(), Date.now() + lifeMs);
      sessions.set(id, session);
      watch.wake();
      return session;
    },
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Watch', () => {
  failsOnUnhandledRejections();

  describe('overdue', () => {
    const cases: readonly (readonly [
      what: string,
      ms: number,
      busy: 'exchange' | 'call' | undefined,
      reason: SessionEndReason | undefined,
    ])[] = [
      ['just used', 0, undefined, undefined],
      ['almost idle', 59_999, undefined, undefined],
      ['idle', 60_000, undefined, 'idle'],
      ['long idle', 99_999, undefined, 'idle'],
      ['an open stream', 99_999, 'exchange', undefined],
      ['a running call', 99_999, 'call', undefined],
      ['over', 100_000, undefined, 'expired'],
      ['over, with an open stream', 100_000, 'exchange', 'expired'],
      ['over, with a running call', 100_000, 'call', 'expired'],
    ];
    for (const [what, ms, busy, reason] of cases) {
      it(`W18 ${what}: ${reason ?? 'not'}`, () => {
        using _clock = stopClock();
        const { watch, session } = watching();
        const live = session('a', 100_000);
        if (busy === 'exchange') live.exchanges.add(exchangeOf(ada));
        if (busy === 'call') live.calls = 1;
        expect(watch.overdue(live, live.createdAt + ms)).to.equal(reason);
      });
    }

    it('counts idle time from the last call', () => {
      using _clock = stopClock();
      const { watch, session } = watching();
      const live = session('a');
      live.lastSeenAt += 30_000;
      expect(watch.overdue(live, live.createdAt + 89_999)).to.equal(undefined);
      expect(watch.overdue(live, live.createdAt + 90_000)).to.equal('idle');
    });
  });

  it('ends what is overdue within a tick, and nothing before', () => {
    using clock = stopClock();
    const { session, ended } = watching();
    session('short', 10_000);
    session('long', 20_000);
    clock.advance(9_999);
    expect(ended).to.deep.equal([]);
    clock.advance(TICK_MS);
    expect(ended).to.deep.equal([['short', 'expired']]);
    clock.advance(10_000);
    expect(ended).to.deep.equal([
      ['short', 'expired'],
      ['long', 'expired'],
    ]);
  });

  it("E4 ends an exchange within a tick of its principal's time", () => {
    using clock = stopClock();
    const { watch, exchanges } = watching();
    const codes: string[] = [];
    exchanges.add(exchangeOf({ ...ada, expiresAt: (Date.now() + 5000) / 1000 }, codes));
    watch.wake();
    clock.advance(4_999);
    expect(codes).to.deep.equal([]);
    clock.advance(TICK_MS);
    expect(codes).to.deep.equal(['invalid_credentials']);
  });

  describe('rechecks', () => {
    interface Rechecked {
      readonly codes: string[];
      readonly asked: number[];
      answer: () => Promise<boolean> | boolean;
      readonly exchange: Exchange;
    }

    /** An exchange that is due at once, and what it is asked at which second. */
    function rechecked({ watch, exchanges }: Watching): Rechecked {
      const start = Date.now();
      const state = { answer: (): Promise<boolean> | boolean => true };
      const codes: string[] = [];
      const asked: number[] = [];
      const keeper = fakeKeeper(() => {
        asked.push(Math.floor((Date.now() - start) / 1000));
        return state.answer();
      });
      const exchange = exchangeOf(ada, codes, keeper, start + 30_000);
      exchanges.add(exchange);
      watch.wake();
      return Object.assign(state, { codes, asked, exchange });
    }

    /** Lets time pass, and what it sets off run. */
    async function pass(clock: { advance(ms: number): void }, seconds: number): Promise<void> {
      for (let i = 0; i < seconds * 4; i += 1) {
        clock.advance(TICK_MS);
        await settle();
      }
    }

    it('asks every recheckSeconds', async () => {
      using clock = stopClock();
      const { asked, codes } = rechecked(watching(60, 30));
      await pass(clock, 100);
      expect(asked).to.deep.equal([30, 60, 90]);
      expect(codes).to.deep.equal([]);
    });

    it('survive one failure, and end the exchange at the second in a row', async () => {
      using clock = stopClock();
      const stream = rechecked(watching(60, 10));
      stream.exchange.nextRecheckAt = Date.now() + 10_000;
      stream.answer = () => Promise.reject(new Error('down'));
      await pass(clock, 11);
      expect(stream.codes).to.deep.equal([]);
      await pass(clock, 10);
      expect(stream.codes).to.deep.equal(['unavailable']);
    });

    it('take a throw for a failure', async () => {
      using clock = stopClock();
      const stream = rechecked(watching(60, 30));
      stream.answer = () => {
        throw new Error('down');
      };
      await pass(clock, 61);
      expect(stream.codes).to.deep.equal(['unavailable']);
    });

    it('forgive a failure after an answer', async () => {
      using clock = stopClock();
      const stream = rechecked(watching(60, 30));
      let turn = 0;
      stream.answer = () => {
        turn += 1;
        return turn % 2 === 0 ? true : Promise.reject(new Error('down'));
      };
      await pass(clock, 241);
      expect(stream.asked).to.have.length(8);
      expect(stream.codes).to.deep.equal([]);
    });

    it('never run twice at once', async () => {
      using clock = stopClock();
      const stream = rechecked(watching(60, 30));
      const slow: Gate<boolean> = gate<boolean>();
      stream.answer = () => slow.opened;
      await pass(clock, 100);
      expect(stream.asked).to.deep.equal([30]);
      slow.open(true);
      await pass(clock, 1);
      expect(stream.asked).to.have.length(2);
    });

    it('ask nobody where there is nobody to ask', async () => {
      using clock = stopClock();
      const { watch, exchanges } = watching(60, 30);
      const codes: string[] = [];
      exchanges.add(exchangeOf(ada, codes, undefined, Date.now()));
      exchanges.add(exchangeOf(ada, codes, fakeKeeper(), Date.now()));
      watch.wake();
      await pass(clock, 100);
      expect(codes).to.deep.equal([]);
    });
  });

  describe('its timer', () => {
    /** Counts the intervals that are set and not cleared. */
    function countingTimers(): Disposable & { readonly count: number } {
      const { setInterval: set, clearInterval: clear } = globalThis;
      const running = new Set<unknown>();
      globalThis.setInterval = ((...args: Parameters<typeof set>) => {
        const handle = set(...args);
        running.add(handle);
        return handle;
      }) as typeof setInterval;
      globalThis.clearInterval = ((handle: NodeJS.Timeout) => {
        running.delete(handle);
        clear(handle);
      }) as typeof clearInterval;
      return {
        get count() {
          return running.size;
        },
        [Symbol.dispose]() {
          globalThis.setInterval = set;
          globalThis.clearInterval = clear;
        },
      };
    }

    it('E6 is one for everything, rests where there is nothing, and starts again', () => {
      using clock = stopClock();
      using timers = countingTimers();
      const { session, exchanges, watch, sessions } = watching();
      expect(timers.count).to.equal(0);
      session('a', 1000);
      session('b', 1000);
      const exchange = exchangeOf(ada);
      exchanges.add(exchange);
      watch.wake();
      expect(timers.count).to.equal(1);
      clock.advance(2000);
      expect(sessions.size).to.equal(0);
      expect(timers.count).to.equal(1);
      exchanges.delete(exchange);
      clock.advance(TICK_MS);
      expect(timers.count).to.equal(0);
      session('c', 1000);
      expect(timers.count).to.equal(1);
      watch.stop();
      watch.stop();
      expect(timers.count).to.equal(0);
    });

    it('lets the process exit', () => {
      const { setInterval: set } = globalThis;
      let handle: NodeJS.Timeout | undefined;
      globalThis.setInterval = ((...args: Parameters<typeof set>) => {
        handle = set(...args);
        return handle;
      }) as typeof setInterval;
      const { watch } = watching();
      try {
        watch.wake();
      } finally {
        globalThis.setInterval = set;
      }
      expect(handle?.hasRef()).to.equal(false);
      watch.stop();
    });
  });
});
