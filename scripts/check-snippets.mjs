// Compiles every ```ts block of README.md and docs/, as a user's own strict file against the built package.
// Needs `npm run build` before.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WORK = '.build/snippets';
const CONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  },
};

/** The blocks of one page: the line that each begins on, and its text. */
function blocksIn(page) {
  const blocks = [];
  let open;
  for (const [index, line] of readFileSync(join(ROOT, page), 'utf8').split('\n').entries()) {
    const fence = /^\s*(`{3,})(.*)$/.exec(line);
    if (open && fence && fence[2].trim() === '' && fence[1].length >= open.fence.length) {
      if (open.isCode) blocks.push({ start: open.start, text: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { fence: fence[1], isCode: fence[2].trim() === 'ts', start: index + 1, lines: [] };
  }
  if (open) throw new Error(`${page}:${open.start}: a block that does not end`);
  return blocks;
}

const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => `docs/${name}`),
].filter((page) => page.endsWith('.md') && !page.includes('node_modules') && existsSync(join(ROOT, page)));

rmSync(join(ROOT, WORK), { recursive: true, force: true });
let count = 0;
for (const page of pages) {
  for (const { start, text } of blocksIn(page)) {
    const file = join(ROOT, WORK, `${page}.${start}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    // Blank lines before it, so that the compiler's line numbers are the page's. It is a module whatever it says.
    writeFileSync(file, `${'\n'.repeat(start)}${text}\nexport {};\n`);
    count += 1;
  }
}
if (count === 0) throw new Error('no ```ts block found');
writeFileSync(join(ROOT, WORK, 'tsconfig.json'), JSON.stringify(CONFIG));

const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [join(ROOT, 'node_modules/typescript/bin/tsc'), '--pretty', 'false', '-p', WORK],
  { cwd: ROOT, encoding: 'utf8' },
);
const where = /^\.build\/snippets\/(.+?\.md)\.\d+\.ts\((\d+),(\d+)\)/gm;
console.log(`${stdout}${stderr}`.replace(where, '$1:$2:$3'));
console.log(`${count} snippets of ${pages.length} pages`);
process.exitCode = status ?? 1;
