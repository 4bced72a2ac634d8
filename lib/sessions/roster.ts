import type { Exchange } from './exchange.js';
import type { LiveSession } from './live-session.js';

/** The sessions and the open exchanges of this process. */
export class Roster {
  readonly sessions: Map<string, LiveSession> = new Map();
  readonly exchanges: Set<Exchange> = new Set();
  readonly #owned = new Map<string, Set<LiveSession>>();

  add(session: LiveSession): void {
    this.sessions.set(session.id, session);
    const owned = this.#owned.get(session.owner) ?? new Set();
    this.#owned.set(session.owner, owned.add(session));
  }

  remove(session: LiveSession): void {
    this.sessions.delete(session.id);
    const owned = this.#owned.get(session.owner);
    owned?.delete(session);
    if (owned?.size === 0) this.#owned.delete(session.owner);
  }

  /** The sessions of one identity, as they are now. */
  ownedBy(owner: string): readonly LiveSession[] {
    return [...(this.#owned.get(owner) ?? [])];
  }
}
