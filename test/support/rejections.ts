export interface Rejections extends Disposable {
  /** What nobody has handled, so far. Each would end a process. */
  readonly reasons: readonly unknown[];
}

/** Collects unhandled rejections. */
export function catchRejections(): Rejections {
  const reasons: unknown[] = [];
  const keep = (reason: unknown): void => {
    reasons.push(reason);
  };
  process.on('unhandledRejection', keep);
  return {
    reasons,
    [Symbol.dispose]() {
      process.off('unhandledRejection', keep);
    },
  };
}
