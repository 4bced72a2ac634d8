/** What other nodes and other limiters give back is heard of by asking again. */
const ASK_AGAIN_MS = 100;

/** A place in the line for one key. */
export interface Place {
  readonly key: string;
  wake(): void;
  stopListening(): void;
}

const asleep = (): void => {};

/**
 * Lines of those that wait for room at a key, in the order they came. Only the first of a line has its turn, and the
 * next when the first has left: what hundreds wait for is asked for once.
 */
export class WaitingLines {
  readonly #maxWaiting: number;
  readonly #lines = new Map<string, Set<Place>>();

  /** Each line takes `maxWaiting`. */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /**
   * The last place in the line for `key`, until it is left or `signal` aborts: also while its turn is not over, so that
   * a store that does not answer holds up nobody behind. `undefined` where the line is full.
   */
  join(key: string, signal: AbortSignal): Place | undefined {
    const line = this.#lines.get(key) ?? new Set();
    if (line.size >= this.#maxWaiting) return undefined;
    const giveUp = (): void => {
      this.leave(place);
      place.wake();
    };
    const stopListening = (): void => signal.removeEventListener('abort', giveUp);
    const place: Place = { key, wake: asleep, stopListening };
    signal.addEventListener('abort', giveUp);
    this.#lines.set(key, line.add(place));
    return place;
  }

  /** Gives up a place; once more does nothing. If it was the first, the next has its turn. */
  leave(place: Place): void {
    const { key } = place;
    const isFirst = this.#first(key) === place;
    const line = this.#lines.get(key);
    if (!line?.delete(place)) return;
    place.stopListening();
    if (line.size === 0) this.#lines.delete(key);
    else if (isFirst) this.wake(key);
  }

  /** Something has changed at `key`: the first of its line has its turn. */
  wake(key: string): void {
    this.#first(key)?.wake();
  }

  /** Resolves when it is the turn of `place` to ask, or its time is over. */
  async turn(place: Place): Promise<void> {
    const turn = new Promise<void>((resolve) => {
      place.wake = resolve;
    });
    const timer = this.#first(place.key) === place ? setTimeout(place.wake, ASK_AGAIN_MS) : undefined;
    await turn;
    clearTimeout(timer);
  }

  #first(key: string): Place | undefined {
    return this.#lines.get(key)?.values().next().value;
  }
}
