import { readFileSync, writeFileSync } from 'node:fs';

import type { Section } from './section.js';

/** A section as Markdown: its table, and what could not be measured. */
export function markdownOf({ head, rows, skipped = [] }: Section): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|${head.map((_, index) => (index === 0 ? '---|' : '--:|')).join('')}`;
  const table = rows.length > 0 ? [line(head), rule, ...rows.map(line)].join('\n') : undefined;
  const notes = skipped.map((text) => `Not measured: ${text}.`);
  return [table, ...notes].filter(Boolean).join('\n\n');
}

/** Puts each text between the markers of its name: `<!-- name -->` and `<!-- /name -->`. */
export function writePage(path: string, texts: ReadonlyMap<string, string>): void {
  let page = readFileSync(path, 'utf8');
  for (const [name, text] of texts) {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [start, end] = [page.indexOf(open), page.indexOf(close)];
    if (start === -1 || end < start) throw new Error(`${path} has no place for ${name}`);
    page = `${page.slice(0, start + open.length)}\n${text}\n${page.slice(end)}`;
  }
  writeFileSync(path, page);
}
