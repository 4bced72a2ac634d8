// The whole test, step by step; stops after the first stage with a failure. Its last line is the sum.
// `node scripts/test.mjs NAME...` runs these steps alone; `--list` names them all.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SUMMARIES = mkdtempSync(join(tmpdir(), 'guards-test-'));
/** In CI a test that skips itself has not been run. */
const STRICT = process.env.REQUIRE_SERVICES === '1' ? ['--forbid-pending'] : [];
const MOCHA = [
  ...['--forbid-only', ...STRICT, '--require', join(ROOT, 'scripts/mocha-strict.cjs')],
  ...['--reporter', join(ROOT, 'scripts/mocha-reporter.cjs')],
];
const words = (text) => text.split(' ');
const COVERAGE = '.build/coverage';
const COMPILED = [...words('mocha --no-config --timeout 10000'), ...MOCHA];
const ATTACKS = '.build/test/attacks/**/*.test.js';
const REDIS = '.build/test/redis/**/*.test.js';
/** All tests, in groups that run beside each other, each in a process of its own. */
const GROUPS = {
  tests: ['.build/test/**/*.test.js', '--ignore', ATTACKS, '--ignore', REDIS],
  attacks: [ATTACKS],
  redis: [REDIS],
};
/** A step that takes longer will never end. */
const TIMEOUT_MS = 900_000;
/** The oldest that `engines` allows, the lines in use, and the newest there is. */
const NODES = ['20.19.0', '22', '24', 'latest'];

const step = (name, ...command) => ({ name, command });
const script = (name, ...args) => ['node', `scripts/${name}.mjs`, ...args];
const summaryOf = (name) => join(SUMMARIES, `${name.replace(/\W/g, '-')}.json`);
const suite = (name, ...command) => ({ name, command, summary: summaryOf(name) });

const EXAMPLES = readdirSync(join(ROOT, 'docs/examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(entry.parentPath, entry.name, 'package.json')))
  .map(({ name }) => `docs/examples/${name}`);

/** The steps of one stage run side by side. */
const STAGES = [
  [
    step('lint', ...words('biome check --error-on-warnings .')),
    step('imports', ...script('check-imports')),
    step('build', ...words('npm run --silent build')),
    step('compile tests', ...words('npm run --silent build:test')),
  ],
  [
    step('typecheck', ...words('tsc --noEmit -p tsconfig.json')),
    step('snippets', ...script('check-snippets')),
    step('threats page', ...script('threats-page', '--check')),
    ...EXAMPLES.map((folder) =>
      step(`${folder} typecheck`, ...words(`npm run --silent typecheck -w ${folder}`)),
    ),
  ],
  Object.entries(GROUPS).map(([name, files]) => ({
    ...suite(name, ...COMPILED, ...files),
    isLong: true,
    isCovered: true,
  })),
  [
    step('threats', ...script('check-threats', ...Object.keys(GROUPS).map(summaryOf))),
    step(
      'coverage',
      ...words(`c8 report --temp-directory ${COVERAGE} --reporter text --skip-full --all --src .build/lib`),
      ...words('--include .build/lib/** --check-coverage --lines 99 --branches 100'),
      ...words('--exclude .build/lib/types.js --exclude .build/lib/handler/sdk.js'),
    ),
  ],
  // They start databases, servers and compilers of their own, and wait for them.
  [
    ...EXAMPLES.map((folder) => suite(folder, ...words(`npm test --silent -w ${folder} --`), ...MOCHA)),
    suite('packaging', 'mocha', ...MOCHA, 'test/packaging/*.test.ts'),
  ],
  [suite('conformance', ...script('conformance')), step('types', ...script('check-types'))],
  NODES.map((version) => suite(`node ${version}`, ...script('test-node', version, '--quick', ...MOCHA))),
];

/** Runs one step. Resolves to how many passed, failed and were skipped; a step without tests is one. */
async function run({ name, command: [file, ...args], summary, isLong, isCovered }, isAlone) {
  const isHeard = isAlone || isLong;
  const since = performance.now();
  if (isHeard) console.log(`… ${name}`);
  const child = spawn(file, args, {
    cwd: ROOT,
    stdio: ['ignore', isHeard ? 'inherit' : 'pipe', isHeard ? 'inherit' : 'pipe'],
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      ...(summary && { MOCHA_SUMMARY: summary }),
      ...(isCovered && { NODE_V8_COVERAGE: join(ROOT, COVERAGE) }),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const isGood = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  clearTimeout(timer);
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  if (!isGood) process.stdout.write(output);
  console.log(`${isGood ? '✓' : '✗'} ${name} (${seconds} s)`);
  return countOf(summary, isGood);
}

function countOf(summary, isGood) {
  if (!summary) return { passed: isGood ? 1 : 0, failed: isGood ? 0 : 1, skipped: 0 };
  const { passed, failed, skipped } = existsSync(summary)
    ? JSON.parse(readFileSync(summary, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0 };
  // A run that failed without a failing test (no test at all, too little covered, a crash) is a failure, too.
  return { passed, failed: isGood || failed > 0 ? failed : 1, skipped };
}

const names = process.argv.slice(2);
const all = STAGES.flat().map(({ name }) => name);
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.log(all.join('\n'));
  process.exit(names.includes('--list') ? 0 : 1);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const stage of STAGES) {
  const steps = stage.filter(({ name }) => names.length === 0 || names.includes(name));
  for (const count of await Promise.all(steps.map((one) => run(one, steps.length === 1)))) {
    for (const key of Object.keys(total)) total[key] += count[key];
  }
  if (total.failed > 0) break;
}
rmSync(SUMMARIES, { recursive: true, force: true });
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
