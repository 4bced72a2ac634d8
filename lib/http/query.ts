/** All values of one parameter in the query of a request target, decoded, in order. */
export function queryValues(target: string, name: string): readonly string[] {
  const start = target.indexOf('?');
  // With its question mark: one is dropped, and a second one is part of a name.
  return start === -1 ? [] : new URLSearchParams(target.slice(start)).getAll(name);
}
