/**
 * Keeps what stores events and what replays them apart, in one session. The SDK takes a resumed stream for open only
 * when its replay is done: an event that is kept after the store was read, and before that, would be in neither.
 */
export class ReplayTurns {
  readonly #storing = new Set<Promise<unknown>>();
  #replaying: Promise<void> | undefined;

  /** Stores an event, after the replay that is under way. In the order of the calls. */
  async storing<T>(store: () => Promise<T>): Promise<T> {
    while (this.#replaying) await this.#replaying;
    const stored = store();
    this.#storing.add(stored);
    try {
      return await stored;
    } finally {
      this.#storing.delete(stored);
    }
  }

  /** Replays when what is being stored is kept, and nothing else is replayed. */
  async replaying<T>(replay: () => Promise<T>): Promise<T> {
    while (this.#replaying) await this.#replaying;
    let end = (): void => {};
    const replaying = new Promise<void>((resolve) => (end = resolve));
    // The first to hear of the end: who comes later than those who wait must not pass them.
    void replaying.then(() => (this.#replaying = undefined));
    this.#replaying = replaying;
    try {
      await Promise.allSettled(this.#storing);
      return await replay();
    } finally {
      // By then the SDK has opened the stream, in the promises that follow on this one.
      setImmediate(end);
    }
  }
}
