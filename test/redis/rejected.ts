/** The error that `work` is rejected with. Throws where it is not. */
export async function rejected(work: unknown): Promise<Error> {
  const marker = {};
  const outcome = await Promise.resolve(work).then(
    () => marker,
    (error: unknown) => error,
  );
  if (outcome === marker) throw new Error('it was not rejected');
  if (!(outcome instanceof Error)) throw new Error('it was rejected with what is no error');
  return outcome;
}
