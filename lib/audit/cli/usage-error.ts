/** The command line does not say what to do: the text says why, and shows no value that could be a secret. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
