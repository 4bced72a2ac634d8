import type { SessionRecord } from '../types.js';
import type { LiveSession } from './live-session.js';
import type { SessionEnds } from './session-ends.js';
import type { StoredSessions } from './stored-sessions.js';

/** Ends that no node was told of must close streams within two seconds. */
const TICK_MS = 1000;
const OVERDUE_EVERY_TICKS = 5;
/** The node that serves a session goes first; so far may its clock, and what it last wrote, be behind. */
const MARGIN_MS = 2000;
/** How far ahead other nodes are told that a session is busy, and how long before the end of that again. */
const BUSY_MS = 30_000;
const BUSY_AHEAD_MS = 20_000;
const MAX_ASKED = 1000;

export interface SweepEvents {
  /** A session that is served here has no record any more. */
  onGone(session: LiveSession): void;
  /** A session is over, and nobody has ended it. */
  onOverdue(record: SessionRecord, reason: 'expired' | 'idle'): Promise<void>;
  /** How long a session that nobody uses may go unconfirmed. */
  readonly confirmWithinMs: number;
}

/**
 * What nodes that share a store do about each other, over and over: close what was ended elsewhere unheard, end what a
 * node left behind that died, remove what the store failed to remove, and say what is busy here. It rests until it is
 * woken.
 */
export class Sweep {
  readonly #sessions: ReadonlyMap<string, LiveSession>;
  readonly #records: StoredSessions;
  readonly #ends: Pick<SessionEnds, 'sweep'>;
  readonly #idleMs: number;
  readonly #events: SweepEvents;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #turn = 0;

  constructor(
    sessions: ReadonlyMap<string, LiveSession>,
    records: StoredSessions,
    ends: Pick<SessionEnds, 'sweep'>,
    idleSeconds: number,
    events: SweepEvents,
  ) {
    this.#sessions = sessions;
    this.#records = records;
    this.#ends = ends;
    this.#idleMs = idleSeconds * 1000;
    this.#events = events;
  }

  wake(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Stops when what it does is done, and makes a last attempt to remove what was left behind. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
    await this.#ends.sweep();
  }

  #tick(): void {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweep(): Promise<void> {
    this.#turn += 1;
    try {
      await this.#ends.sweep();
      await this.#confirm();
      this.#tellBusy(Date.now());
      if (this.#turn % OVERDUE_EVERY_TICKS === 0) await this.#endOverdue(Date.now());
    } catch {
      // The store is down: the next tick tries again.
    }
  }

  async #confirm(): Promise<void> {
    const now = Date.now();
    const asked = [...this.#sessions.values()].filter(
      ({ isStarting, isBusy, confirmedAt }) =>
        !isStarting && (isBusy || now - confirmedAt > this.#events.confirmWithinMs),
    );
    for (let from = 0; from < asked.length; from += MAX_ASKED) {
      const some = asked.slice(from, from + MAX_ASKED);
      const kept = await this.#records.remaining(some.map(({ id }) => id));
      for (const session of some) {
        if (kept.has(session.id)) session.confirmedAt = now;
        else if (!session.ending) this.#events.onGone(session);
      }
    }
  }

  /** A call that is over at once need not be told of. */
  #tellBusy(now: number): void {
    for (const session of this.#sessions.values()) {
      if (session.isStarting) continue;
      if (!session.isBusy) session.busySince = undefined;
      else session.busySince ??= now;
      const isLong = session.busySince !== undefined && now - session.busySince >= TICK_MS / 2;
      if (!isLong || session.busyUntil > now + BUSY_AHEAD_MS) continue;
      session.busyUntil = now + BUSY_MS;
      session.writtenAt = now;
      this.#records.update(session.id, { lastSeenAt: now, busyUntil: session.busyUntil }).catch(() => {});
    }
  }

  async #endOverdue(now: number): Promise<void> {
    const expiredAt = now - MARGIN_MS;
    const records = await this.#records.overdue({ expiredAt, idleSince: expiredAt - this.#idleMs });
    await Promise.all(
      records.map((record) =>
        this.#events.onOverdue(record, record.expiresAt <= expiredAt ? 'expired' : 'idle'),
      ),
    );
  }
}
