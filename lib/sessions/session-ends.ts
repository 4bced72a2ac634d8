import type { Publish } from '../events.js';
import type { SessionEndReason } from '../types.js';
import type { Keepers } from './keepers.js';
import type { LiveSession } from './live-session.js';
import { RecentEnds } from './recent-ends.js';
import { RecordEnds } from './record-ends.js';
import { Removals } from './removals.js';
import type { Roster } from './roster.js';
import type { Eviction, StoredSessions } from './stored-sessions.js';
import { endedOf, type RecordFate, takeDown } from './take-down.js';

/** The one path on which a session ends, whoever ends it. */
export class SessionEnds {
  readonly removals: Removals;
  readonly ofRecords: RecordEnds;
  readonly #roster: Roster;
  readonly #records: StoredSessions;
  readonly #publish: Publish;
  /** Ends under way: until then the record is theirs to remove. */
  readonly #underWay = new Map<string, { readonly ending: Promise<void>; readonly fate: RecordFate }>();
  /** Of sessions that are let go of: their records are there for whoever ends them meanwhile. */
  readonly #partings = new Set<Promise<void>>();
  /** Of what no other node has, nothing is built from what the store says: then nobody asks. */
  readonly #recent: RecentEnds | undefined;

  constructor(roster: Roster, records: StoredSessions, keepers: Keepers, publish: Publish) {
    this.removals = new Removals(records, publish);
    this.ofRecords = new RecordEnds(records, this.removals, keepers, publish);
    this.#roster = roster;
    this.#records = records;
    this.#publish = publish;
    this.#recent = records.isShared ? new RecentEnds() : undefined;
  }

  /** Ends a session: once, whoever asks and however often. Resolves when everything of it is closed. */
  end(session: LiveSession, reason: SessionEndReason): Promise<void> {
    // What began here and has not served yet is nobody's: no client knows its id.
    const isKnown = !session.isStarting || session.origin !== undefined;
    const isKept = this.#records.isShared && reason === 'shutdown' && session.canMove && isKnown;
    return session.ending ?? this.finish(session, reason, isKept ? 'kept' : 'remove');
  }

  /** Lets go of a session that other nodes can go on with. */
  release(session: LiveSession): Promise<void> {
    // Who waits for an answer here is not told that the session is over.
    session.exchanges.clear();
    return this.finish(session, 'shutdown', 'kept');
  }

  finish(session: LiveSession, reason: SessionEndReason, fate: RecordFate): Promise<void> {
    if (session.ending) return session.ending;
    session.endReason = reason;
    session.isEndedByOthers = fate === 'others';
    if (fate !== 'kept') this.#recent?.note(session.id);
    this.#roster.remove(session);
    const ending =
      fate === 'kept'
        ? this.#letGo(session, reason)
        : takeDown(session, reason, fate, this.removals, this.#publish);
    session.ending = ending;
    if (fate === 'kept') {
      this.#partings.add(ending);
      void ending.then(() => this.#partings.delete(ending));
    } else {
      const { id } = session;
      const end = { ending, fate };
      this.#underWay.set(id, end);
      void ending.then(() => this.#underWay.get(id) === end && this.#underWay.delete(id));
    }
    return ending;
  }

  async #letGo(session: LiveSession, reason: SessionEndReason): Promise<void> {
    await takeDown(session, reason, 'kept', this.removals, this.#publish);
    const { id, busyUntil, othersBusyUntil } = session;
    if (busyUntil <= Date.now()) return;
    await this.#records.update(id, { busyUntil: othersBusyUntil }).catch(() => {});
  }

  /** Undoes the login of a session that another node has ended, and left to this one. Never rejects. */
  undo(session: LiveSession): Promise<void> {
    return this.removals.undo(endedOf(session, session.endReason));
  }

  /** What the store has removed to make room. */
  evict({ evicted, evictedRecords: records = [] }: Eviction): void {
    for (const id of evicted) {
      this.#recent?.note(id);
      this.removals.noteGone(id);
      const victim = this.#roster.sessions.get(id);
      const record = records.find((other) => other.id === id);
      if (victim) void this.finish(victim, 'evicted', 'us');
      else if (this.#underWay.get(id)?.fate === 'remove' || this.removals.isLeftBehind(id))
        this.removals.noteRemoved(id);
      else if (record) void this.ofRecords.removed(record, 'evicted');
    }
  }

  /** Another node has ended it. */
  hear(id: string, reason: SessionEndReason): void {
    this.#recent?.note(id);
    const session = this.#roster.sessions.get(id);
    if (session) void this.finish(session, reason, 'others');
  }

  /** Whether it ended, or was heard to end, a moment ago: then what the store was still saying of it is old. */
  hasEnded(id: string): boolean {
    return this.#recent?.has(id) === true || this.removals.isLeftBehind(id);
  }

  /** Forgets what is long over, and tries again to remove what the store failed to remove. Never rejects. */
  async sweep(): Promise<void> {
    this.#recent?.prune();
    await this.removals.retry();
  }

  /** The end of that session, where it is under way. */
  underWay(id: string): Promise<void> | undefined {
    return this.#underWay.get(id)?.ending;
  }

  async allUnderWay(): Promise<void> {
    await Promise.all([...this.#underWay.values()].map(({ ending }) => ending));
    await Promise.all(this.#partings);
  }
}
