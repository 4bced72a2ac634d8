import type { SessionRecord } from '../types.js';
import type { LiveSession } from './live-session.js';
import { endedAs } from './origin.js';
import type { Roster } from './roster.js';
import type { SessionEnds } from './session-ends.js';
import type { StoredSessions } from './stored-sessions.js';

/** Longer than any answer of the store is waited for. */
const ASK_AGAIN_MS = 6000;

export interface SharedEndsOptions {
  readonly idleSeconds: number;
  /** Whether its time here is up. */
  isOverdue(session: LiveSession): boolean;
}

/** Ends of which the store has a word to say, since other nodes serve the same sessions. */
export class SharedEnds {
  readonly #roster: Roster;
  readonly #records: StoredSessions;
  readonly #ends: SessionEnds;
  readonly #options: SharedEndsOptions;

  constructor(roster: Roster, records: StoredSessions, ends: SessionEnds, options: SharedEndsOptions) {
    this.#roster = roster;
    this.#records = records;
    this.#ends = ends;
    this.#options = options;
  }

  /** It is idle here. Another node may have served it meanwhile: then it is not over, only no longer this node's. */
  async endIdle(session: LiveSession): Promise<void> {
    if (Date.now() < session.askedUntil) return;
    session.askedUntil = Date.now() + ASK_AGAIN_MS;
    try {
      const record = await this.#records.get(session.id);
      const now = Date.now();
      if (session.isBusy || session.ending) return;
      if (!record) return void this.#ends.finish(session, 'idle', 'others');
      const isUsed =
        now - record.lastSeenAt < this.#options.idleSeconds * 1000 || (record.busyUntil ?? 0) > now;
      void (isUsed ? this.#ends.release(session) : this.#ends.end(session, 'idle'));
    } catch {
      // Asked again later.
    }
  }

  /** Its record is gone, or is left for a node that can undo its login, as this one can. */
  async endGone(session: LiveSession): Promise<void> {
    const record = await (async () => this.#records.get(session.id))().catch(() => undefined);
    void (record
      ? this.#ends.end(session, endedAs(record) ?? 'expired')
      : this.#ends.finish(session, 'deleted', 'others'));
  }

  /** A record says that its session is over, wherever that is served. */
  async endOverdue(record: SessionRecord, reason: 'expired' | 'idle'): Promise<void> {
    const session = this.#roster.sessions.get(record.id);
    const ended = endedAs(record);
    if (session) {
      const isOver = ended !== undefined || this.#options.isOverdue(session);
      return isOver ? this.#ends.end(session, ended ?? reason) : undefined;
    }
    if (!this.#ends.underWay(record.id)) await this.#ends.ofRecords.endAsKnown(record, reason);
  }
}
