/** Counts the work under way and lets a closing server wait for its end. */
export class Drain {
  #running = 0;
  #isClosing = false;
  #onEmpty: (() => void) | undefined;

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Begins one piece of work that a closing server waits for. Returns how to say, once or more often, that it is done. */
  begin(): () => void {
    let isRunning = true;
    this.#running += 1;
    return () => {
      if (!isRunning) return;
      isRunning = false;
      this.#running -= 1;
      if (this.#running === 0) this.#onEmpty?.();
    };
  }

  /** Runs one piece of work that a closing server waits for. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const finish = this.begin();
    try {
      return await work();
    } finally {
      finish();
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
