// Breaks the package on purpose, one line at a time, and sees whether the attack tests notice: a security test that
// passes whatever the code does is none. Reads test/attacks/mutations.*.json, lists of { id, file, find, replace };
// the tests with `id` in their title must fail once `find` in `file` has become `replace`.
// `node scripts/check-mutations.mjs NAME...` tries those alone of these ids, lists (`ways`, `s2`) or files
// (`lib/sessions/finding.ts`); `--stale` runs no test and tells, at once, which no longer fit the sources. All of them take
// an hour.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PARTS = ['lib', 'test', 'scripts', 'package.json', 'tsconfig.json', '.mocharc.json'];
const WORKERS = 2;
const TIMEOUT_MS = 180_000;

const isDry = process.argv.includes('--stale');
const only = process.argv.slice(2).filter((argument) => argument !== '--stale');
const attacks = join(ROOT, 'test/attacks');
const mutations = readdirSync(attacks)
  .filter((name) => /^mutations\..+\.json$/.test(name))
  .flatMap((name) => {
    const isNamed = only.length === 0 || only.includes(name.split('.')[1]);
    const list = JSON.parse(readFileSync(join(attacks, name), 'utf8'));
    return list.filter(({ id, file }) => isNamed || only.includes(id) || only.includes(file));
  });
if (mutations.length === 0) throw new Error('no mutation to try');

const sources = readdirSync(join(ROOT, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => ({ path: `test/${name}`, text: readFileSync(join(ROOT, 'test', name), 'utf8') }));
const mentions = (id) => new RegExp(`\\b${id}\\b`);

/** The project without its history and builds; what it depends on is shared. */
function copyTree() {
  const folder = mkdtempSync(join(tmpdir(), 'guards-mutation-'));
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Runs the tests with one of `ids` in their title. Resolves to which failed, and whether there was anything to run. */
async function attack(folder, ids) {
  const summary = join(folder, 'summary.json');
  rmSync(summary, { force: true });
  const files = sources
    .filter(({ text }) => ids.some((id) => mentions(id).test(text)))
    .map(({ path }) => path);
  if (files.length === 0) return { passed: 0, failures: [], ended: 'has no test' };
  const grep = `\\b(${ids.join('|')})\\b`;
  const reporter = join(folder, 'scripts/mocha-reporter.cjs');
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/mocha/bin/mocha.js'), '--reporter', reporter, '--grep', grep, ...files],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MOCHA_SUMMARY: summary } },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, TIMEOUT_MS);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  if (existsSync(summary)) {
    const { passed, failures } = JSON.parse(readFileSync(summary, 'utf8'));
    const ended = passed + failures.length === 0 ? 'has no test' : undefined;
    return { passed, failures, ended };
  }
  return { passed: 0, failures: [], ended: isLate ? 'never ended' : `crashed:\n${output}` };
}

/** Why a mutation does not fit the sources in `folder`; nothing where it does. */
function misfit(folder, { file, find, replace }) {
  const path = join(folder, file);
  if (!existsSync(path)) return 'the file is gone';
  const matches = readFileSync(path, 'utf8').split(find).length - 1;
  if (matches !== 1) return `"find" occurs ${matches} times, not once`;
  return find === replace ? '"replace" changes nothing' : undefined;
}

/** Tries one mutation in `folder`. Resolves to the fault of the tests, or of the mutation; nothing if it was noticed. */
async function attempt(folder, mutation) {
  const fault = misfit(folder, mutation);
  if (fault) return fault;
  const { id, file, find, replace } = mutation;
  const path = join(folder, file);
  const original = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    original.replace(find, () => replace),
  );
  try {
    const { failures, ended } = await attack(folder, [id]);
    // A server that hangs has been noticed, one that does not even start says nothing about the test.
    if (failures.length > 0 || ended === 'never ended') return undefined;
    return ended ?? 'survived';
  } finally {
    writeFileSync(path, original);
  }
}

const nameOf = ({ id, file, find }) => `${id} ${file}: ${find.trim().split('\n')[0]}`;

if (isDry) {
  const stale = mutations.filter((mutation) => misfit(ROOT, mutation));
  for (const mutation of stale) console.log(`✗ ${nameOf(mutation)} ${misfit(ROOT, mutation)}`);
  console.log(`${mutations.length - stale.length} fit, ${stale.length} do not`);
  process.exit(stale.length > 0 ? 1 : 0);
}

const folders = Array.from({ length: WORKERS }, copyTree);
const faults = [];
let done = 0;
try {
  const ids = [...new Set(mutations.map(({ id }) => id))];
  console.log(`${mutations.length} mutations of ${ids.length} threats; first the tests as they are`);
  const { failures, ended } = await attack(folders[0], ids);
  if (ended || failures.length > 0)
    throw new Error(`the tests fail unmutated: ${ended ?? failures.join('\n')}`);

  const queue = [...mutations];
  const work = async (folder) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const since = performance.now();
      const fault = await attempt(folder, next);
      const seconds = ((performance.now() - since) / 1000).toFixed(1);
      done += 1;
      const line = nameOf(next);
      console.log(
        `${fault ? '✗' : '✓'} ${done}/${mutations.length} ${line} (${seconds} s)${fault ? ` ${fault}` : ''}`,
      );
      if (fault) faults.push(line);
    }
  };
  await Promise.all(folders.map(work));
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
console.log(`${done - faults.length} noticed, ${faults.length} not`);
for (const line of faults) console.log(`  ${line}`);
process.exitCode = faults.length > 0 ? 1 : 0;
