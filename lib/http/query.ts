/** All values of one parameter in the query of a request target, decoded, in order. */
export function queryValues(target: string, name: string): readonly string[] {
  const start = target.indexOf('?');
  return start === -1 ? [] : new URLSearchParams(target.slice(start + 1)).getAll(name);
}
