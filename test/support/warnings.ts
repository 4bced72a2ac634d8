export interface Warnings extends Disposable {
  /** The texts, in order. */
  readonly texts: readonly string[];
  readonly codes: readonly (string | undefined)[];
}

/** Collects what `process.emitWarning` is given, and keeps it off the screen. */
export function catchWarnings(): Warnings {
  const { emitWarning } = process;
  const texts: string[] = [];
  const codes: (string | undefined)[] = [];
  process.emitWarning = ((warning: string | Error, options?: { code?: string }) => {
    texts.push(String(warning));
    codes.push(options?.code);
  }) as typeof process.emitWarning;
  return {
    texts,
    codes,
    [Symbol.dispose]() {
      process.emitWarning = emitWarning;
    },
  };
}
