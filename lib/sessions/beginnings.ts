import { withinTime } from '../within-time.js';
import { PATIENCE_MS } from './removals.js';

/** The slots that are being taken: what the store may still be told to keep, or to keep no more. */
export class Beginnings {
  readonly #underWay = new Set<Promise<unknown>>();

  /** The same promise, watched until it settles. */
  watch<T>(beginning: Promise<T>): Promise<T> {
    this.#underWay.add(beginning);
    const isDone = (): void => void this.#underWay.delete(beginning);
    beginning.then(isDone, isDone);
    return beginning;
  }

  /** Resolves when none is under way, or after as long as anybody waits at all. Never rejects. */
  async settled(): Promise<void> {
    await withinTime(() => Promise.allSettled(this.#underWay), PATIENCE_MS).catch(() => {});
  }
}
