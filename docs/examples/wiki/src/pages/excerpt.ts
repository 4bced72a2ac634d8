const AROUND = 60;

/** One line around the first place in `body` that contains `text`; the start of the body if only the title does. */
export function excerptOf(body: string, text: string): string {
  const at = Math.max(0, body.toLowerCase().indexOf(text.toLowerCase()));
  const start = Math.max(0, at - AROUND);
  const end = Math.min(body.length, at + text.length + AROUND);
  const line = body.slice(start, end).replace(/\s+/g, ' ').trim();
  return `${start > 0 ? '…' : ''}${line}${end < body.length ? '…' : ''}`;
}
