import type { Publish } from '../events.js';
import { principalKey, sealPrincipal } from '../principal.js';
import type { SessionEndReason, SessionRecord } from '../types.js';
import type { Keepers } from './keepers.js';
import { isLoggingIn, originData, originOf } from './origin.js';
import type { Ended, Removals } from './removals.js';
import type { StoredSessions } from './stored-sessions.js';

/** Ends sessions that are not served here, by their records. */
export class RecordEnds {
  readonly #records: StoredSessions;
  readonly #removals: Removals;
  readonly #keepers: Keepers;
  readonly #publish: Publish;

  constructor(records: StoredSessions, removals: Removals, keepers: Keepers, publish: Publish) {
    this.#records = records;
    this.#removals = removals;
    this.#keepers = keepers;
    this.#publish = publish;
  }

  /**
   * Whether it was this call that ended it. Where the login cannot be undone here the record stays, as one whose time is
   * over: a node that can undo it removes it.
   */
  async end(record: SessionRecord, reason: SessionEndReason): Promise<boolean> {
    const origin = originOf(record);
    if (this.#isKnown(record) || !origin) return this.#remove(record, reason);
    const now = Date.now();
    if (record.expiresAt <= now) return false;
    const { message, presented } = origin;
    const initialize = originData(message, presented, { ...origin, ended: reason });
    await this.#records.update(record.id, { expiresAt: now, initialize });
    return true;
  }

  /** Ends what is over by itself, or was ended before; only where the login can be undone here. Never rejects. */
  async endAsKnown(record: SessionRecord, reason: SessionEndReason): Promise<void> {
    if (this.#isKnown(record)) await this.#remove(record, originOf(record)?.ended ?? reason);
  }

  async #remove(record: SessionRecord, reason: SessionEndReason): Promise<boolean> {
    const ended = this.#endedOf(record, reason);
    if (!(await this.#removals.remove(ended))) return false;
    await this.#conclude(ended, record);
    return true;
  }

  /** The record has been removed by this node already. Never rejects. */
  async removed(record: SessionRecord, reason: SessionEndReason): Promise<void> {
    await this.#conclude(this.#endedOf(record, reason), record);
  }

  async #conclude(ended: Ended, record: SessionRecord): Promise<void> {
    const about = { principal: ended.owner, session: ended.id };
    this.#publish({ type: 'session.ended', reason: ended.reason, ...about });
    if (!this.#isKnown(record)) this.#publish({ type: 'server.failed', reason: 'end_session', ...about });
    if (!isLoggingIn(record)) await this.#removals.undo(ended);
  }

  #isKnown(record: SessionRecord): boolean {
    const by = originOf(record)?.by;
    return by === undefined || isLoggingIn(record) || this.#keepers.hooksOf(by) !== undefined;
  }

  #endedOf(record: SessionRecord, reason: SessionEndReason): Ended {
    const { id, principal } = record;
    const hooks = this.#keepers.hooksOf(originOf(record)?.by);
    return { id, owner: principalKey(principal), principal: sealPrincipal(principal), hooks, reason };
  }
}
