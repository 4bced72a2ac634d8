import type { Exchange } from './exchange.js';
import type { LiveSession } from './live-session.js';
import type { Roster } from './roster.js';
import type { StoredSessions } from './stored-sessions.js';
import type { Watch } from './watch.js';

/** `lastSeenAt` is written at most this often. */
const TOUCH_MS = 1000;

/** Which requests are being answered, and when sessions were last used. */
export class Usage {
  readonly #roster: Roster;
  readonly #records: StoredSessions;
  readonly #watch: Watch;

  constructor(roster: Roster, records: StoredSessions, watch: Watch) {
    this.#roster = roster;
    this.#records = records;
    this.#watch = watch;
  }

  open(exchange: Exchange, session: LiveSession | undefined): void {
    // Nobody is left who would close it.
    if (exchange.isOver) return;
    this.#roster.exchanges.add(exchange);
    session?.exchanges.add(exchange);
    this.#watch.wake();
  }

  closed(exchange: Exchange, session: LiveSession | undefined): void {
    this.#roster.exchanges.delete(exchange);
    if (session?.exchanges.delete(exchange)) this.touch(session);
  }

  /** Idle time counts from here. */
  touch(session: LiveSession): void {
    const now = Date.now();
    session.lastSeenAt = now;
    const isFree = session.busyUntil > now && !session.isBusy;
    if (session.ending || (now - session.writtenAt < TOUCH_MS && !isFree)) return;
    session.writtenAt = now;
    if (isFree) session.busyUntil = 0;
    const free = isFree && { busyUntil: session.othersBusyUntil };
    this.#records.update(session.id, { lastSeenAt: now, ...free }).catch(() => {});
  }
}
