import type { SessionWitness } from '../request-state.js';

type Find = (sessionId: string) => SessionWitness | undefined;

/** Those who know which sessions live. */
export class Witnesses {
  readonly #finds = new Set<Find>();

  /** Returns the way to take it out again. */
  add(find: Find): () => void {
    this.#finds.add(find);
    return () => {
      this.#finds.delete(find);
    };
  }

  /** Whether `sessionId` names a live session that `matches`. */
  some(sessionId: string | undefined, matches: (session: SessionWitness) => boolean): boolean {
    if (sessionId === undefined) return false;
    return [...this.#finds].some((find) => {
      const session = find(sessionId);
      return session !== undefined && matches(session);
    });
  }
}
