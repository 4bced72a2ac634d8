// The whole run, or parts of it: `node main.js [--quick [--write]] [--only NAME]...`; `npm run bench` builds before.
import { writeFileSync } from 'node:fs';

import { type Experiment, FULL, QUICK, type Tools } from './experiments/experiment.js';
import { EXPERIMENTS } from './experiments/index.js';
import { begin, clear } from './progress.js';
import { goalsOf } from './report/goals.js';
import { machineText } from './report/machine.js';
import { markdownOf, writePage } from './report/page.js';
import { pictureOf } from './report/picture.js';
import type { Section } from './report/section.js';
import { PACKAGES } from './setting.js';

const PAGE = 'docs/performance.md';
const PICTURE = 'docs/images/performance.svg';

const words = process.argv.slice(2);
const isQuick = words.includes('--quick');
const isWritten = !isQuick || words.includes('--write');
const only = words.filter((_, index) => words[index - 1] === '--only');
const parts = EXPERIMENTS.filter(({ name }) => only.length === 0 || only.includes(name));
const unknown = [
  ...only.filter((name) => !EXPERIMENTS.some((experiment) => experiment.name === name)),
  ...words.filter(
    (word, index) => !['--quick', '--write', '--only'].includes(word) && words[index - 1] !== '--only',
  ),
];
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(' ')}. Parts: ${EXPERIMENTS.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

const installed = JSON.parse(process.env[PACKAGES] ?? '{}') as Record<string, string>;
const tools: Tools = {
  scale: isQuick ? QUICK : FULL,
  missing: (name) => (installed[name] ? undefined : 'npm could not install it'),
};

const since = performance.now();
const sections: Section[] = [];
for (const part of parts) sections.push(...(await measure(part)));
const minutes = (performance.now() - since) / 60_000;
const goals = goalsOf(sections);
if (goals.rows.length > 0) show(goals);
console.log(`\n${minutes.toFixed(1)} minutes`);

// A quick run is for the eye: unless it is told to, it leaves the page as a whole one has written it.
if (isWritten) {
  const texts = new Map(sections.map((section) => [section.id, markdownOf(section)]));
  if (only.length === 0) {
    texts.set('machine', machineText(words, minutes)).set('goals', markdownOf(goals));
    writeFileSync(PICTURE, pictureOf(sections.flatMap(({ bars = [] }) => bars)));
  }
  writePage(PAGE, texts);
  console.log(`Written: ${PAGE}`);
}

async function measure({ name, run }: Experiment): Promise<readonly Section[]> {
  begin(name);
  let found: readonly Section[] = [];
  try {
    found = await run(tools);
  } catch (error) {
    // The rest can be measured all the same; the page keeps what it says of this part.
    console.error(`\n${name} failed:`, error);
    process.exitCode = 1;
  }
  clear();
  for (const section of found) show(section);
  return found;
}

function show(section: Section): void {
  console.log(`\n${section.id}\n\n${markdownOf(section)}`);
}
