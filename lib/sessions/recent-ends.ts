/** Longer than any answer of the store is waited for. */
const KEPT_MS = 10_000;

/** Ids of sessions that ended a moment ago: what the store said of them before may still be on its way. */
export class RecentEnds {
  /** In the order in which they ended. */
  readonly #endedAt = new Map<string, number>();

  note(id: string): void {
    const now = Date.now();
    for (const [old, at] of this.#endedAt) {
      if (now - at < KEPT_MS) break;
      this.#endedAt.delete(old);
    }
    this.#endedAt.delete(id);
    this.#endedAt.set(id, now);
  }

  has(id: string): boolean {
    const at = this.#endedAt.get(id);
    return at !== undefined && Date.now() - at < KEPT_MS;
  }
}
