// Writes the table of docs/threats.md: each threat of test/attacks/threats.json, its tests, and the mutations of
// test/attacks/mutations.*.json that turn them red. `--check` writes nothing, and fails where the page says something else,
// where a row has no mutation, or where a file that it names does not mention its id.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { sectionOf, writeSection } from './page-section.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = new URL('../docs/threats.md', import.meta.url);
const read = (path) => readFileSync(join(ROOT, path), 'utf8');

const mutations = readdirSync(join(ROOT, 'test/attacks'))
  .filter((name) => /^mutations\..+\.json$/.test(name))
  .flatMap((name) => JSON.parse(read(`test/attacks/${name}`)));

/** One line of code in a cell of a table. */
function code(text) {
  const line = text.trim().replace(/\s+/g, ' ').replaceAll('|', '\\|');
  const short = line.length > 90 ? `${line.slice(0, 89)}…` : line;
  return line === '' ? '*nothing*' : `\`\` ${short} \`\``;
}

function rowOf({ id, holds, tests }) {
  const own = mutations.filter((mutation) => mutation.id === id);
  const [first] = own;
  if (!first) throw new Error(`${id} has no mutation`);
  for (const path of tests) {
    if (!new RegExp(`\\b${id}\\b`).test(read(path))) throw new Error(`${path} does not mention ${id}`);
  }
  const links = tests.map((path) => `[${basename(path, '.test.ts')}](../${path})`).join(', ');
  const more = own.length > 1 ? `; ${own.length - 1} more` : '';
  const broken = `[${basename(first.file)}](../${first.file}): ${code(first.find)} → ${code(first.replace)}${more}`;
  return `| ${id} | ${holds} | ${links} | ${broken} |`;
}

const threats = JSON.parse(read('test/attacks/threats.json'));
const table = [
  '| Id | Must hold | Tests | What turns it red |',
  '|---|---|---|---|',
  ...threats.map(rowOf),
].join('\n');
if (!process.argv.includes('--check')) writeSection(PAGE, 'threats', table);
else if (sectionOf(PAGE, 'threats') !== table) {
  console.error('docs/threats.md is not what the sources say: run node scripts/threats-page.mjs');
  process.exitCode = 1;
}
