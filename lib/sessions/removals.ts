import type { Publish } from '../events.js';
import type { SessionHooks } from '../request-state.js';
import type { Principal, SessionEndReason } from '../types.js';
import { withinTime } from '../within-time.js';
import type { StoredSessions } from './stored-sessions.js';

/** Whoever waits for the end of a session (a client's DELETE, a shutdown) waits no longer for any part of it. */
export const PATIENCE_MS = 5000;

/** A session that is over. */
export interface Ended {
  readonly id: string;
  readonly owner: string;
  /** With what its login added. */
  readonly principal: Principal;
  readonly reason: SessionEndReason;
  readonly hooks: SessionHooks | undefined;
  readonly onEndError?: ((error: unknown) => void) | undefined;
}

/** Removes the records of sessions that are over, and undoes their logins: once over all nodes. */
export class Removals {
  readonly #records: StoredSessions;
  readonly #publish: Publish;
  /** Those whose record the store has failed to remove. */
  readonly #leftBehind = new Map<string, Ended>();
  /** Those whose record this node has removed by evicting it, before their end came to that. */
  readonly #removed = new Set<string>();
  /** Those whose record a store that no other node has failed to remove, and of them those whose login is undone. */
  readonly #kept = new Set<string>();
  readonly #undone = new Set<string>();

  constructor(records: StoredSessions, publish: Publish) {
    this.#records = records;
    this.#publish = publish;
  }

  /** Whether the session is over although its record may still be there: nobody may build it again from that. */
  isLeftBehind(id: string): boolean {
    return this.#leftBehind.has(id);
  }

  /** The store has removed the record by itself. */
  noteGone(id: string): void {
    this.#kept.delete(id);
    this.#undone.delete(id);
  }

  /** The record of a session that is ending here is gone already, and this node has removed it. */
  noteRemoved(id: string): void {
    this.#removed.add(id);
  }

  /** Whether it was this node that removed the record, now or before. Never rejects. */
  async remove(ended: Ended): Promise<boolean> {
    try {
      const isOurs = await this.#delete(ended);
      this.#leftBehind.delete(ended.id);
      this.#kept.delete(ended.id);
      return isOurs;
    } catch {
      this.#fail('store_error', ended);
      // Where no other node can find the record, the login is undone here.
      if (!this.#records.isShared) {
        this.#kept.add(ended.id);
        return true;
      }
      this.#leftBehind.set(ended.id, ended);
      return false;
    }
  }

  /** Tries again to remove what was left behind. Never rejects. */
  async retry(): Promise<void> {
    for (const ended of this.#leftBehind.values()) {
      try {
        const isOurs = await this.#delete(ended);
        this.#leftBehind.delete(ended.id);
        if (isOurs) await this.undo(ended);
      } catch {
        // To the end of the row: what the store refuses for good must not hold up the rest.
        if (this.#leftBehind.delete(ended.id)) this.#leftBehind.set(ended.id, ended);
        return;
      }
    }
  }

  /** Undoes the login, unless that was done when the record could not be removed. Never rejects. */
  async undo(ended: Ended): Promise<void> {
    const { id: sessionId, principal, reason, hooks, onEndError } = ended;
    const isKept = this.#kept.has(sessionId);
    if (this.#undone.has(sessionId)) {
      if (!isKept) this.#undone.delete(sessionId);
      return;
    }
    if (isKept) this.#undone.add(sessionId);
    try {
      await withinTime(() => hooks?.endSession?.(principal, { sessionId, reason }), PATIENCE_MS);
    } catch (error) {
      this.#fail('end_session', ended);
      onEndError?.(error);
    }
  }

  async #delete({ id, reason }: Ended): Promise<boolean> {
    const isRemoved = await this.#records.delete(id, reason);
    return this.#removed.delete(id) || isRemoved;
  }

  #fail(reason: 'store_error' | 'end_session', { owner, id }: Ended): void {
    this.#publish({ type: 'server.failed', reason, principal: owner, session: id });
  }
}
