type Work = () => Promise<unknown>;

interface Owed {
  readonly work: Work;
  /** When to give up, on the clock of `performance.now()`. */
  readonly until: number;
}

const KEEP_MS = 60_000;
const FIRST_MS = 100;
const LONGEST_MS = 1000;
const MAX_OWED = 10_000;
const AT_ONCE = 50;

/**
 * What Redis has not taken, tried again for a minute. At most 10,000 pieces of work: what comes beyond that is dropped.
 * Keeps no process alive.
 */
export class Backlog {
  readonly #owed = new Map<string, Owed>();
  #timer: NodeJS.Timeout | undefined;
  #delayMs = FIRST_MS;
  #isTrying = false;

  has(id: string): boolean {
    return this.#owed.has(id);
  }

  /** Takes `work` over: it is done when it resolves. */
  add(id: string, work: Work): void {
    if (this.#owed.size >= MAX_OWED) return;
    this.#owed.set(id, { work, until: performance.now() + KEEP_MS });
    this.#tryLater();
  }

  /** Redis has shown itself: tries at once. */
  hurry(): void {
    this.#delayMs = FIRST_MS;
    void this.#tryNow();
  }

  #tryLater(): void {
    if (this.#timer || this.#isTrying || this.#owed.size === 0) return;
    this.#timer = setTimeout(() => void this.#tryNow(), this.#delayMs);
    this.#timer.unref();
  }

  async #tryNow(): Promise<void> {
    if (this.#isTrying) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isTrying = true;
    let isTaken = true;
    while (isTaken && this.#owed.size > 0) isTaken = await this.#trySome();
    this.#delayMs = isTaken ? FIRST_MS : Math.min(2 * this.#delayMs, LONGEST_MS);
    this.#isTrying = false;
    this.#tryLater();
  }

  /** Whether Redis took all of it. */
  async #trySome(): Promise<boolean> {
    const some = [...this.#owed].slice(0, AT_ONCE);
    const results = await Promise.all(some.map(([id, owed]) => this.#try(id, owed)));
    return results.every((isTaken) => isTaken);
  }

  async #try(id: string, owed: Owed): Promise<boolean> {
    const isOver = owed.until <= performance.now();
    try {
      if (!isOver) await owed.work();
      this.#owed.delete(id);
      return true;
    } catch {
      // To the end of the row: what Redis refuses for good must not hold up the rest.
      this.#owed.delete(id);
      this.#owed.set(id, owed);
      return false;
    }
  }
}
