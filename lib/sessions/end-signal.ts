/**
 * An `AbortSignal` that is made where somebody asks for it, and what else is told of the end. A signal and its listeners
 * weigh more than all else that is kept of a session, and few servers ask for it.
 */
export class EndSignal {
  #controller: AbortController | undefined;
  #listeners: (() => void)[] = [];
  #isAborted = false;

  get aborted(): boolean {
    return this.#isAborted;
  }

  /** For others; within the package `onAbort` does. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Calls `listener` once at the end; never where that is over. Returns the way to stop listening. */
  onAbort(listener: () => void): () => void {
    if (!this.#isAborted) this.#listeners.push(listener);
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  abort(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#controller?.abort();
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
