/** Counts the work under way and lets a closing server wait for its end. */
export class Drain {
  #running = 0;
  #isClosing = false;
  #onEmpty: (() => void) | undefined;

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Runs one piece of work that a closing server waits for. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#onEmpty?.();
    }
  }

  /** Takes no more work, and resolves when all of it is done or `graceMs` have passed. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#running === 0 || graceMs === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
