/** Longer than any answer of the store is waited for. */
const KEPT_MS = 10_000;

/** Ids of sessions that ended a moment ago: what the store said of them before may still be on its way. */
export class RecentEnds {
  /** In the order in which they ended. */
  readonly #endedAt = new Map<string, number>();

  note(id: string): void {
    this.#endedAt.delete(id);
    this.#endedAt.set(id, Date.now());
  }

  /** Forgets those that ended long enough ago. */
  prune(): void {
    const now = Date.now();
    for (const [id, at] of this.#endedAt) {
      if (now - at < KEPT_MS) return;
      this.#endedAt.delete(id);
    }
  }

  has(id: string): boolean {
    const at = this.#endedAt.get(id);
    return at !== undefined && Date.now() - at < KEPT_MS;
  }
}
