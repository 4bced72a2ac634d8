// Changes what Redis runs, the Lua of lib/redis, in every small way, one at a time, and sees whether a test notices. Stryker
// sees only texts there, yet it is where sessions and logins of many nodes are decided.
// `npm run mutate:lua` does all of it, `npm run mutate:lua -- login-scripts session-scripts/create` these files; `--built` does
// not compile before, `--again` tries only what survived last time. It wants a redis-server, and starts one of its own.
// A mutant that no test can notice stands in test/lua-mutants.json with the reason; any other survivor is a failure.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { luaMutants } from './lua-mutants.mjs';
import { LuaTests, setSource } from './lua-tests.mjs';
import { readMutants } from './mutants.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, '.build');
const RESULT = join(ROOT, 'coverage/mutants/lua.json');
const { listed, unused } = readMutants('lua-mutants.json');

const load = (path) => import(pathToFileURL(join(BUILT, path)).href);

const args = process.argv.slice(2);
const chosen = args.filter((argument) => !argument.startsWith('--'));
if (!args.includes('--built'))
  for (const script of ['build', 'build:test'])
    spawnSync('npm', ['run', '--silent', script], { cwd: ROOT, stdio: 'inherit' });

const { freePort } = await load('test/support/free-port.js');
const port = await freePort();
const folder = mkdtempSync(join(tmpdir(), 'guards-lua-'));
const settings = { port, bind: '127.0.0.1', dir: folder, save: '' };
const server = spawn(
  'redis-server',
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
  { stdio: 'ignore' },
);
server.on('error', () => {
  console.error('redis-server is not installed');
  process.exit(1);
});
process.once('exit', () => {
  server.removeAllListeners('exit').kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
server.once('exit', () => {
  console.error('redis-server has ended');
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
// Before the tests are loaded, which look at it then.
process.env.REDIS_URL = `redis://127.0.0.1:${port}`;
process.env.REQUIRE_SERVICES = '1';
const { answersPing } = await load('test/support/redis.js');
const { until } = await load('test/support/gate.js');
await until('Redis has started', () => answersPing());

const { Script } = await load('lib/redis/script.js');
const { sessionScript } = await load('lib/redis/session-scripts/common.js');
const COMMON = sessionScript('').source;

/** What can be changed: a text, the file that it is in, and the scripts that it is a part of. */
async function parts() {
  const files = [
    'login-scripts',
    'event-scripts',
    ...['change', 'create', 'find'].map((name) => `session-scripts/${name}`),
  ];
  const own = [];
  for (const file of files) {
    for (const script of Object.values(await load(`lib/redis/${file}.js`))) {
      if (!(script instanceof Script)) continue;
      own.push({ file, text: script.source.replace(COMMON, () => ''), scripts: [script] });
    }
  }
  const shared = own.flatMap(({ scripts }) => scripts).filter(({ source }) => source.startsWith(COMMON));
  return [...own, { file: 'session-scripts/common', text: COMMON, scripts: shared }];
}

/** Does `work` while the scripts have `text` for the text of the part. */
async function withText({ text: before, scripts }, text, work) {
  const originals = scripts.map(({ source }) => source);
  try {
    for (const script of scripts)
      setSource(
        script,
        script.source.replace(before, () => text),
      );
    return await work();
  } finally {
    for (const [at, script] of scripts.entries()) setSource(script, originals[at]);
  }
}

/**
 * Whether a test notices the change: it fails with it, each time, and holds without. A test that does otherwise says nothing
 * about this change or any other.
 */
async function isNoticed(part, text) {
  for (;;) {
    const failed = await withText(part, text, () => tests.firstToFail(part.scripts));
    if (failed === undefined) return false;
    const holdsWithout = await tests.holds(failed);
    const holdsWith = await withText(part, text, () => tests.holds(failed));
    if (holdsWithout && !holdsWith) return true;
    if (!tests.leaveOut(failed)) return false;
  }
}

const all = (await parts()).filter(({ file }) => chosen.length === 0 || chosen.includes(file));
if (all.length === 0) throw new Error('no such file in lib/redis/');
const nameOf = ({ file, line, column, original, replacement }) =>
  JSON.stringify([file, line, column, original, replacement]);
const last = args.includes('--again')
  ? new Set(JSON.parse(readFileSync(RESULT, 'utf8')).map(nameOf))
  : undefined;

const tests = new LuaTests(join(BUILT, 'test/redis'));
await tests.watch([...new Set(all.flatMap(({ scripts }) => scripts))]);
// What a mutant leaves to itself must not end the run.
process.on('unhandledRejection', () => {});

const counts = new Map();
const survivors = [];
for (const part of all) {
  const count = counts.get(part.file) ?? { tried: 0, killed: 0 };
  counts.set(part.file, count);
  for (const { text, ...place } of luaMutants(part.text)) {
    const mutant = { file: `lib/redis/${part.file}.ts`, ...place };
    if (last && !last.has(nameOf(mutant))) continue;
    count.tried += 1;
    if (await isNoticed(part, text)) count.killed += 1;
    else survivors.push(mutant);
    const progress = `${part.file}: ${count.tried} tried, ${survivors.length} survived in all`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${progress}`);
    else if (count.tried % 25 === 0) process.stderr.write(`${progress}\n`);
  }
}

mkdirSync(dirname(RESULT), { recursive: true });
writeFileSync(RESULT, JSON.stringify(survivors));
const unknown = survivors.filter((mutant) => !listed(mutant));
for (const { file, line, column, original, replacement } of unknown)
  console.log(`✗ ${file}: ${line}\n    ${column}: ${original}\n  → ${replacement}`);
const stale = [...counts.keys()].flatMap((file) => unused(`lib/redis/${file}.ts`, survivors));
for (const { file, line, original, replacement } of stale)
  console.log(
    `✗ ${file}: in test/lua-mutants.json, but did not survive: ${line}\n    ${original} → ${replacement}`,
  );
for (const [file, { tried, killed }] of counts) {
  const known = survivors.filter((mutant) => mutant.file === `lib/redis/${file}.ts` && listed(mutant)).length;
  console.log(
    `  lib/redis/${file}.ts: ${tried} mutants of Lua, ${killed} killed, ${known} equivalent, ${tried - killed - known} survived`,
  );
}
// Clients that a mutant left connected would keep it alive.
process.exit(unknown.length + stale.length === 0 ? 0 : 1);
