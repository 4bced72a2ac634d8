/**
 * All values of one header, in order, from Node's `rawHeaders` (name, value, name, value, …).
 * `req.headers` will not do: Node drops a second `Authorization` and joins other headers with commas.
 *
 * @param name lower case; header names are compared without regard to case (RFC 9110 §5.1)
 */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (isNamed(rawHeaders[i], name)) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}

/** A copy of `rawHeaders` without any occurrence of the header `name` (lower case). */
export function withoutHeader(rawHeaders: readonly string[], name: string): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!isNamed(rawHeaders[i], name)) kept.push(...rawHeaders.slice(i, i + 2));
  }
  return kept;
}

function isNamed(key: string | undefined, name: string): boolean {
  return key?.length === name.length && key.toLowerCase() === name;
}
