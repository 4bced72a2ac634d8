import type { Reply } from './wire/reply.js';

/** What differs between any two answers: times, ids of requests and of traces. */
const VARYING: readonly RegExp[] = [
  /audit-\w+/g,
  /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?/g,
  /\b\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\b/g,
  /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi,
  /\b[0-9a-f]{16,}\b/gi,
  /\b\d{10,}\b/g,
];

/** Whether two answers tell nobody which is which: the same status and body, but for `ids` and what always differs. */
export function alike(one: Reply, other: Reply, ids: readonly string[]): boolean {
  return one.status === other.status && plain(one.text, ids) === plain(other.text, ids);
}

function plain(text: string, ids: readonly string[]): string {
  const named = ids.reduce((sum, id) => sum.replaceAll(id, '#'), text);
  return VARYING.reduce((sum, pattern) => sum.replace(pattern, '#'), named);
}
