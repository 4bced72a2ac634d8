const FIRST_MS = 250;
const LONGEST_MS = 30_000;
/** Some three minutes in all: as long as a restart or a failover takes, and less than a fence stands. */
const ATTEMPTS = 12;
/** More than that is an outage with a flood: what is left over is found as overdue. */
const MAX_AT_ONCE = 1000;

/** One attempt. Resolves when it is done, or calls `onDone` when it turns out so after it was rejected. */
export type Attempt = (onDone: () => void) => Promise<void>;

/** Does again what has to be done some time, until it is done. Keeps no process alive for it. */
export class Undoing {
  #running = 0;

  start(attempt: Attempt): void {
    if (this.#running >= MAX_AT_ONCE) return;
    this.#running += 1;
    void this.#repeat(attempt).finally(() => {
      this.#running -= 1;
    });
  }

  async #repeat(attempt: Attempt): Promise<void> {
    let isDone = false;
    for (let i = 0; i < ATTEMPTS && !isDone; i += 1) {
      await pause(Math.min(FIRST_MS * 2 ** i, LONGEST_MS));
      if (isDone) return;
      try {
        await attempt(() => {
          isDone = true;
        });
        return;
      } catch {
        // Redis is still away.
      }
    }
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
