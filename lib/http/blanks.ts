/**
 * Drops spaces and tabs (RFC 9110 §5.6.3) at both ends; `trim` would also drop NBSP and U+FEFF.
 * By hand, since `/[ \t]+$/` takes quadratic time.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
