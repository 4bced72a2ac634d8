/** Header lines in the order in which they are sent: a name may come twice. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** `lines`, and `more` in place of those of the same names. */
export function withHeaders(lines: HeaderLines, more: HeaderLines): HeaderLines {
  const replaced = new Set(more.map(([name]) => name.toLowerCase()));
  return [...lines.filter(([name]) => !replaced.has(name.toLowerCase())), ...more];
}

/** The first value of a header; `name` in lower case. */
export function headerOf(lines: HeaderLines, name: string): string | undefined {
  return lines.find(([key]) => key.toLowerCase() === name)?.[1];
}
