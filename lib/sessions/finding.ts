import { principalKey } from '../principal.js';
import type { ProofKeeper } from '../request-state.js';
import type { Awaitable, Principal, SessionRecord } from '../types.js';
import { isPending } from '../within-time.js';
import type { Keepers } from './keepers.js';
import { LiveSession } from './live-session.js';
import { endedAs } from './origin.js';
import type { Roster } from './roster.js';
import type { SessionEnds } from './session-ends.js';
import type { StoredSessions } from './stored-sessions.js';
import type { Watch } from './watch.js';

export interface FindingOptions {
  readonly recheckSeconds: number;
  readonly onStoreDown: 'serve-known' | 'refuse';
}

/** Finds the session that a request names. */
export class Finding {
  readonly #roster: Roster;
  readonly #records: StoredSessions;
  readonly #ends: SessionEnds;
  readonly #keepers: Keepers;
  readonly #watch: Watch;
  readonly #options: FindingOptions;

  constructor(
    roster: Roster,
    records: StoredSessions,
    ends: SessionEnds,
    keepers: Keepers,
    watch: Watch,
    options: FindingOptions,
  ) {
    this.#roster = roster;
    this.#records = records;
    this.#ends = ends;
    this.#keepers = keepers;
    this.#watch = watch;
    this.#options = options;
  }

  /**
   * The live session `id`, whoever owns it; ends it where its time is over. One of `caller` that another node began is
   * served here from now on; `chain` holds the guards of its request. Throws `unavailable` where the store fails and
   * nothing is known here, or not well enough.
   */
  find(
    id: string,
    caller: Principal | undefined,
    chain: readonly ProofKeeper[],
  ): Awaitable<LiveSession | undefined> {
    const judge = (record: SessionRecord | undefined | 'unknown'): LiveSession | undefined =>
      this.#judge(id, record, caller, chain);
    let record: Awaitable<SessionRecord | undefined>;
    try {
      record = this.#records.get(id);
    } catch (error) {
      return judge(this.#withoutStore(id, caller, error));
    }
    if (!isPending(record)) return judge(record);
    return record.then(judge, (error) => judge(this.#withoutStore(id, caller, error)));
  }

  #judge(
    id: string,
    record: SessionRecord | undefined | 'unknown',
    caller: Principal | undefined,
    chain: readonly ProofKeeper[],
  ): LiveSession | undefined {
    const session = this.#roster.sessions.get(id);
    if (this.#ends.hasEnded(id)) return undefined;
    if (record === 'unknown') return session;
    if (!record) {
      if (session) void this.#ends.finish(session, 'deleted', this.#records.isShared ? 'others' : 'us');
      return undefined;
    }
    const found = session ?? (this.#records.isShared ? LiveSession.restored(record) : undefined);
    if (!found) return undefined;
    if (this.#endsOverdue(found, record, session !== undefined)) return undefined;
    // What a stranger asks for leaves no trace.
    if (!session && caller && found.owner === principalKey(caller)) {
      found.hooks = this.#keepers.hooksOf(found.origin?.by, chain);
      this.#roster.add(found);
      this.#watch.wake();
    }
    return found;
  }

  /** Takes over what the store knows of a session, and ends it if that says so. */
  #endsOverdue(session: LiveSession, record: SessionRecord, isServed: boolean): boolean {
    const now = Date.now();
    session.confirmedAt = now;
    session.lastSeenAt = Math.max(session.lastSeenAt, record.lastSeenAt);
    session.expiresAt = Math.min(session.expiresAt, record.expiresAt);
    const { busyUntil = 0 } = record;
    if (busyUntil !== session.busyUntil) session.othersBusyUntil = busyUntil;
    const ended = endedAs(record);
    const reason = this.#watch.overdue(session, now) ?? (ended && 'expired');
    if (!reason || (reason === 'idle' && !ended && busyUntil > now)) return false;
    void (isServed
      ? this.#ends.end(session, ended ?? reason)
      : this.#ends.ofRecords.endAsKnown(record, reason));
    return true;
  }

  /** `unknown` where the store failed, and what is known here will do; else throws its error. */
  #withoutStore(id: string, caller: Principal | undefined, error: unknown): 'unknown' {
    const { onStoreDown, recheckSeconds } = this.#options;
    const session = this.#roster.sessions.get(id);
    const now = Date.now();
    // Nobody else is told by it whether the session is one.
    const isKnown =
      session !== undefined &&
      caller !== undefined &&
      session.owner === principalKey(caller) &&
      now - session.confirmedAt <= recheckSeconds * 1000 &&
      !this.#watch.overdue(session, now);
    if (onStoreDown === 'serve-known' && isKnown) return 'unknown';
    throw error;
  }
}
