// Figures in a page stand between `<!-- NAME -->` and `<!-- /NAME -->`, and are written by the script that measured them.
import { readFileSync, writeFileSync } from 'node:fs';

export function sectionOf(url, name) {
  const [, rest = ''] = readFileSync(url, 'utf8').split(`<!-- ${name} -->`);
  return rest.split(`<!-- /${name} -->`)[0].trim();
}

export function writeSection(url, name, text) {
  const page = readFileSync(url, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${url.pathname} has no section ${name}`);
  writeFileSync(url, `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`);
}
