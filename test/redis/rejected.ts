/** What `work` rejects with, or `undefined`. */
export async function rejectionOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The error that `work` is rejected with. Throws where it is not. */
export async function rejected(work: unknown): Promise<Error> {
  const error = await rejectionOf(() => work);
  if (error === undefined) throw new Error('it was not rejected');
  if (!(error instanceof Error)) throw new Error('it was rejected with what is no error');
  return error;
}

/** Whether `work` is answered, not rejected. */
export const isAnswered = async (work: unknown): Promise<boolean> =>
  (await rejectionOf(() => work)) === undefined;
