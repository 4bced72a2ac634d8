/** What work is rejected with that takes too long. */
export class TimeUp extends Error {}

/**
 * Runs `work` for at most `timeoutMs`. Rejects when the time is over, and aborts `controller`; what the work answers
 * after that is ignored, a late rejection too.
 */
export function withinTime<T>(
  work: () => PromiseLike<T> | T,
  timeoutMs: number,
  controller?: AbortController,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new TimeUp('time is up');
      reject(error);
      controller?.abort(error);
    }, timeoutMs);
    const settle = <V>(then: (value: V) => void) => {
      return (value: V): void => {
        clearTimeout(timer);
        then(value);
      };
    };
    try {
      Promise.resolve(work()).then(settle(resolve), settle(reject));
    } catch (error) {
      settle(reject)(error);
    }
  });
}

/** Whether an answer has yet to come. */
export function isPending<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as PromiseLike<T> | null | undefined)?.then === 'function';
}

/** An end that work may meet. */
export interface End {
  readonly aborted: boolean;
  onAbort(listener: () => void): () => void;
}

/** What `work` answers, or `undefined` as soon as `end` comes. */
export function untilAborted<T>(work: Promise<T>, end: End): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (end.aborted) stop();
    const unlisten = end.onAbort(stop);
    work.then(
      (answer) => {
        unlisten();
        resolve(answer);
      },
      (error: unknown) => {
        unlisten();
        reject(error);
      },
    );
  });
}
