// Changes the package in every small way Stryker knows, one at a time, and sees whether a test notices.
// `npm run mutate` does all of lib/, `npm run mutate -- lib/http lib/credentials/prover.ts` these folders and files;
// `--built` does not compile before, `--again` tries only what survived last time, `--quick` tries each mutant once, with the
// tests of its own folder, a few files in one process: soon done, but a few more are said to survive than do. `--own` tries
// only the tests that are named like the file.
// `npm run mutate -- --write` runs nothing: it puts into docs/proof.md what the last run of each file found, if the file is
// still as it was then.
// A mutant that no test can notice stands in test/mutants.json with the reason; any other survivor is a failure, and so
// is an entry that no survivor fits.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { config } from '../stryker.config.mjs';
import { readMutants } from './mutants.mjs';
import { writeSection } from './page-section.mjs';

const { listed, unused } = readMutants('mutants.json');
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Not in .build, which is emptied by each compilation. */
const RESULTS = join(ROOT, 'coverage/mutants');
/** Files that `--quick` tries in one process. */
const GROUP = 8;
/** Types alone, what starts a process, and the suite that is itself a test. */
const LEFT_OUT = ['types.ts', 'handler/sdk.ts', 'audit/main.ts', 'testing/'];

/** The tests that a folder's mutants are tried with, quick ones first: a mutant is done when one test has failed. */
const NEAR = {
  http: ['http'],
  credentials: ['credentials'],
  sessions: ['sessions', 'flow'],
  authentication: ['authentication', 'guards'],
  guards: ['guards'],
  handler: ['handler', 'flow'],
  jwt: ['jwt'],
  passwords: ['passwords'],
  v2: ['v2'],
  audit: ['audit'],
  redis: ['redis'],
  '': ['*'],
};

const sources = readdirSync(join(ROOT, 'lib'), { recursive: true })
  .filter((file) => file.endsWith('.ts') && !LEFT_OUT.some((part) => file.startsWith(part)))
  .sort();
const folderOf = (file) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
/** The folder that a file is in, where there are tests of that very one, else the topmost: `audit/checks`, `handler`. */
const placeOf = (file) => {
  const place = file.slice(0, Math.max(0, file.lastIndexOf('/')));
  const hasTests = place !== '' && existsSync(join(ROOT, 'test', place));
  return hasTests ? place : folderOf(file);
};
const fingerprint = (file) =>
  createHash('sha256')
    .update(readFileSync(join(ROOT, 'lib', file)))
    .digest('hex');
const resultOf = (file) => join(RESULTS, `${file}.json`);

/** Tests of several processes, which know nothing of a mutant, and those that take their time with servers that are away. */
const NOT_TRIED = [
  'handler/no-sdk.test.ts',
  'audit/command.test.ts',
  'flow/failover.test.ts',
  'handler/stdio.test.ts',
  'redis/failover.test.ts',
  'redis/faults.test.ts',
  'redis/fault-proxy.test.ts',
  'redis/node-process.test.ts',
  'redis/redis-server.test.ts',
];

/** These take longest. */
const LAST = [
  ...['audit/checks.test.ts', 'audit/cli/run.test.ts', 'audit/endpoints.test.ts'],
  ...['redis/backlog.test.ts', 'redis/login-outage.test.ts', 'redis/session-store-lost-answers.test.ts'],
];

/** The compiled tests in one folder, or in none. */
const testsIn = (part) =>
  readdirSync(join(ROOT, 'test', part === '*' ? '' : part), { recursive: part !== '*' })
    .filter((name) => name.endsWith('.test.ts') && !NOT_TRIED.includes(`${part}/${name}`))
    .sort((a, b) => LAST.indexOf(`${part}/${a}`) - LAST.indexOf(`${part}/${b}`) || (a < b ? -1 : 1))
    .map((name) => join('.build/test', part === '*' ? '' : part, name.replace(/ts$/, 'js')));

/** Until a test that never ends is given up: most take milliseconds; those of a real Redis, and of its outages, seconds. */
const TEST_MS = 2500;
const REDIS_TEST_MS = 20_000;

const compiled = (file) => `.build/lib/${file.replace(/ts$/, 'js')}`;

/** Has Stryker mutate what `mutate` names, and try the mutants with these tests. What became of them, by compiled file. */
function stryke(mutate, compiledTests, retries) {
  const report = join(RESULTS, 'report.json');
  const own = join(RESULTS, 'config.json');
  const testMs = compiledTests.some((test) => test.includes('/redis/')) ? REDIS_TEST_MS : TEST_MS;
  const options = { mutate, compiledTests, retries, testMs, jsonReporter: { fileName: report } };
  writeFileSync(own, JSON.stringify({ ...config, ...options }));
  rmSync(report, { force: true });
  const stryker = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status, stdout } = spawnSync(process.execPath, [stryker, 'run', own], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0 || !existsSync(report)) throw new Error(`Stryker failed on ${mutate}:\n${stdout}`);
  return JSON.parse(readFileSync(report, 'utf8')).files;
}

const NOTHING = { source: '', mutants: [] };

/** The mutants of `file`; of these `places` alone, if any are given. */
function run(file, compiledTests, places = []) {
  const path = compiled(file);
  const ranges = places.map(({ start, end }) => {
    return `${path}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
  });
  const hasRanges = ranges.length > 0;
  return stryke(hasRanges ? ranges : [path], compiledTests, hasRanges)[path] ?? NOTHING;
}

/** The mutants of some files of one folder, each tried once with its tests, in one process for all. */
function quickly(files) {
  const place = placeOf(files[0]);
  const nearest = place.includes('/') ? place : NEAR[place][0];
  const outcomes = stryke(files.map(compiled), testsIn(nearest), false);
  return files.map((file) => outcomes[compiled(file)] ?? NOTHING);
}

const isSurvivor = ({ status }) =>
  status === 'Survived' || status === 'NoCoverage' || status === 'RuntimeError';
const nameOf = ({ replacement, location: { start, end } }) =>
  JSON.stringify([replacement, start.line, start.column, end.line, end.column]);

/** What survived the last run of an unchanged file, tried once more with all tests that are near. */
function again(file, before) {
  const left = before.survivors.filter((mutant) => !listed(mutant));
  if (left.length === 0) return before;
  const places = left.map(({ location }) => location);
  const { survivors } = summary(file, run(file, NEAR[folderOf(file)].flatMap(testsIn), places));
  const isLeft = (mutant) => {
    const isSame = (other) => nameOf(other) === nameOf(mutant);
    return listed(mutant) || survivors.some(isSame);
  };
  return { ...before, survivors: before.survivors.filter(isLeft) };
}

/**
 * The tests named like the file first, which take milliseconds; what they do not notice is tried with all tests that are
 * near, unless it is known that nothing can.
 */
function mutate(file) {
  const near = NEAR[folderOf(file)].flatMap(testsIn);
  const stem = join('.build/test', file.replace(/\.ts$/, ''));
  const place = placeOf(file);
  const own = place.includes('/')
    ? testsIn(place)
    : near.filter((test) => test.startsWith(`${stem}.`) || test.startsWith(`${stem}-`));
  const first = run(file, own.length > 0 ? own : near);
  const left = summary(file, first).survivors.filter((mutant) => !listed(mutant));
  if (left.length === 0 || (own.length > 0 && args.includes('--own'))) return first;
  const second = run(
    file,
    [...own, ...near.filter((test) => !own.includes(test))],
    left.map(({ location }) => location),
  );
  const outcomes = new Map(second.mutants.map((mutant) => [nameOf(mutant), mutant]));
  const mutants = first.mutants.map(
    (mutant) => (isSurvivor(mutant) && outcomes.get(nameOf(mutant))) || mutant,
  );
  return { source: first.source, mutants };
}

const textAt = (lines, { start, end }) => {
  const [first, ...rest] = lines.slice(start.line - 1, end.line);
  if (rest.length === 0) return first.slice(start.column - 1, end.column - 1);
  const last = rest.pop();
  return [first.slice(start.column - 1), ...rest, last.slice(0, end.column - 1)].join('\n');
};

/** What became of one file: how many were noticed, and the others with the line they are in. */
function summary(file, { source, mutants }) {
  const lines = source.split('\n');
  const tried = mutants.filter(({ status }) => status !== 'Ignored');
  const survivors = tried.filter(isSurvivor).map(({ mutatorName, replacement, location, status }) => ({
    file: `lib/${file}`,
    line: lines[location.start.line - 1].trim(),
    mutator: mutatorName,
    original: textAt(lines, location),
    replacement,
    status,
    location,
  }));
  return { source: fingerprint(file), tried: tried.length, survivors };
}

/** Says which survivors are not known, and which entries are of no use. Returns whether there are none. */
function judge(file, { tried, survivors }) {
  const unknown = survivors.filter((mutant) => !listed(mutant));
  for (const { line, original, replacement, status } of unknown) {
    console.log(`✗ lib/${file}: ${line}\n    ${original}\n  → ${replacement} (${status})`);
  }
  const stale = unused(`lib/${file}`, survivors);
  for (const { line, original, replacement } of stale) {
    console.log(
      `✗ lib/${file}: in test/mutants.json, but did not survive: ${line}\n    ${original} → ${replacement}`,
    );
  }
  const [killed, equivalent] = [tried - survivors.length, survivors.length - unknown.length];
  console.log(
    `  lib/${file}: ${tried} mutants, ${killed} killed, ${equivalent} equivalent, ${unknown.length} survived`,
  );
  return unknown.length + stale.length === 0;
}

function write() {
  const rows = Object.keys(NEAR).map((folder) => {
    const own = sources.filter((file) => folderOf(file) === folder);
    const known = own
      .filter((file) => existsSync(resultOf(file)))
      .map((file) => ({ file, ...JSON.parse(readFileSync(resultOf(file), 'utf8')) }))
      .filter(({ file, source }) => source === fingerprint(file));
    const tried = known.reduce((sum, result) => sum + result.tried, 0);
    const survivors = known.flatMap((result) => result.survivors);
    const equivalent = survivors.filter(listed).length;
    const killed = tried - survivors.length;
    return { folder, files: known.length, of: own.length, tried, killed, equivalent };
  });
  const row = ({ folder, files, of, tried, killed, equivalent }) => {
    const score = ((100 * killed) / (tried - equivalent)).toFixed(1);
    const survived = tried - killed - equivalent;
    return `| \`lib/${folder}\` | ${files} of ${of} | ${tried} | ${killed} | ${equivalent} | ${survived} | ${score} % |`;
  };
  const ran = rows.filter(({ tried }) => tried > 0);
  const table = [
    '| Folder | Files | Mutants | Killed | Equivalent | Survived | Score |',
    '|---|---|---|---|---|---|---|',
    ...ran.map(row),
  ].join('\n');
  const url = new URL('../docs/proof.md', import.meta.url);
  writeSection(url, 'mutants', table);
}

/** A few files of one folder each: what was found is kept after each group. */
function groupsOf(files) {
  const groups = [];
  for (const file of files) {
    const last = groups.at(-1);
    const isFull = !last || last.length === GROUP || placeOf(last[0]) !== placeOf(file);
    if (isFull) groups.push([file]);
    else last.push(file);
  }
  return groups;
}

const args = process.argv.slice(2);
const paths = args
  .filter((argument) => !argument.startsWith('--'))
  .map((path) => path.replace(/^lib\/?/, ''));
const isNamed = (file) =>
  paths.length === 0 ||
  paths.some((path) => file === path || path === '' || file.startsWith(`${path.replace(/\/$/, '')}/`));
const chosen = sources.filter(isNamed);
if (chosen.length === 0) throw new Error('no such file in lib/');

if (args.includes('--write')) {
  write();
} else {
  if (!args.includes('--built'))
    for (const script of ['build', 'build:test'])
      spawnSync('npm', ['run', '--silent', script], { cwd: ROOT, stdio: 'inherit' });
  mkdirSync(RESULTS, { recursive: true });
  let isGood = true;
  const keep = (file, result) => {
    mkdirSync(dirname(resultOf(file)), { recursive: true });
    writeFileSync(resultOf(file), JSON.stringify(result));
    isGood = judge(file, result) && isGood;
  };
  const lastOf = (file) => {
    if (!existsSync(resultOf(file))) return undefined;
    const last = JSON.parse(readFileSync(resultOf(file), 'utf8'));
    return last.source === fingerprint(file) ? last : undefined;
  };
  if (args.includes('--quick')) {
    for (const files of groupsOf(chosen)) {
      const outcomes = quickly(files);
      for (const [at, file] of files.entries()) keep(file, summary(file, outcomes[at]));
    }
  } else {
    for (const file of chosen) {
      const before = args.includes('--again') ? lastOf(file) : undefined;
      keep(file, before ? again(file, before) : summary(file, mutate(file)));
    }
  }
  process.exitCode = isGood ? 0 : 1;
}
