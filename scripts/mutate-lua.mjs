// Changes what Redis runs, the Lua of lib/redis, in every small way, one at a time, and sees whether a test notices. Stryker
// sees only texts there, yet it is where sessions and logins of many nodes are decided.
// `npm run mutate:lua` does all of it, `npm run mutate:lua -- login-scripts session-scripts/create` these files; `--built` does
// not compile before, `--again` tries only what survived last time. It wants a redis-server, and starts one of its own.
// A mutant that no test can notice stands in test/lua-mutants.json with the reason; any other survivor is a failure.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import Mocha from 'mocha';

import { luaMutants } from './lua-mutants.mjs';
import { readMutants } from './mutants.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, '.build');
const RESULT = join(ROOT, 'coverage/mutants/lua.json');
const { listed, unused } = readMutants('lua-mutants.json');

/** Tests of several processes have Redis run scripts that this one cannot change. */
const NOT_TRIED = /(?:failover|faults|fault-proxy|node-process|redis-server)\.test\.js$/;
/** These take least: single steps, at a time that stands still. */
const FIRST = /scripts?\b/;
/** These take longest. */
const LAST = /(?:login-outage|lost-answers|news)\.test\.js$/;
const orderOf = (name) => (FIRST.test(name) ? 0 : LAST.test(name) ? 2 : 1);
/** Until a test that never ends is given up. */
const TEST_MS = 20_000;

const load = (path) => import(pathToFileURL(join(BUILT, path)).href);

const args = process.argv.slice(2);
const chosen = args.filter((argument) => !argument.startsWith('--'));
if (!args.includes('--built'))
  for (const script of ['build', 'build:test'])
    spawnSync('npm', ['run', '--silent', script], { cwd: ROOT, stdio: 'inherit' });

const { freePort } = await load('test/support/free-port.js');
const port = await freePort();
const folder = mkdtempSync(join(tmpdir(), 'guards-lua-'));
const server = spawn(
  'redis-server',
  [...['--port', port, '--bind', '127.0.0.1'], ...['--dir', folder, '--save', '']],
  {
    stdio: 'ignore',
  },
);
process.once('exit', () => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
// Before the tests are loaded, which look at it then.
process.env.REDIS_URL = `redis://127.0.0.1:${port}`;
process.env.REQUIRE_SERVICES = '1';
const { answersPing } = await load('test/support/redis.js');
const { until } = await load('test/support/gate.js');
await until('Redis has started', () => answersPing());

const { Script } = await load('lib/redis/script.js');
const { sessionScript } = await load('lib/redis/session-scripts/common.js');
const COMMON = sessionScript('').source;

/** Makes `script` another one, for whoever holds it. */
function setSource(script, source) {
  const sha = createHash('sha1').update(source).digest('hex');
  Object.defineProperties(script, {
    source: { configurable: true, value: source },
    sha: { configurable: true, value: sha },
  });
}

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

/** The tests, loaded once, and which of them have a script run. */
class Tests {
  #mocha;
  #current;
  #failed;
  /** By script: the names of the tests that it is run in, quick ones first. */
  usersOf = new Map();

  constructor() {
    const tests = this;
    class Reporter {
      constructor(events) {
        events.on('test', (test) => {
          tests.#current = test.fullTitle();
        });
        events.on('fail', (test) => {
          const culprit = (test.type === 'hook' && test.ctx?.currentTest) || test;
          tests.#failed ??= culprit.fullTitle();
        });
      }
    }
    createRequire(import.meta.url)(resolve(ROOT, 'scripts/mocha-strict.cjs'));
    this.#mocha = new Mocha({ reporter: Reporter, timeout: TEST_MS });
    this.#mocha.cleanReferencesAfterRun(false);
    const folder = join(BUILT, 'test/redis');
    const files = readdirSync(folder, { recursive: true }).filter(
      (name) => name.endsWith('.test.js') && !NOT_TRIED.test(name),
    );
    for (const name of files.sort((a, b) => orderOf(a) - orderOf(b))) this.#mocha.addFile(join(folder, name));
  }

  /** Runs all tests on the scripts as they are, and notes who runs which. */
  async watch(scripts) {
    await this.#mocha.loadFilesAsync();
    for (const script of scripts) {
      const users = new Set();
      this.usersOf.set(script, users);
      const { sha, source } = script;
      const seen = (value) => ({
        configurable: true,
        get: () => {
          if (this.#current) users.add(this.#current);
          return value;
        },
      });
      Object.defineProperties(script, { sha: seen(sha), source: seen(source) });
    }
    await this.#run(() => true, false);
    for (const script of scripts) setSource(script, script.source);
    if (this.#failed) throw new Error(`without a change fails: ${this.#failed}`);
  }

  /** The name of the first test that fails, of those that have one of these scripts run. */
  async firstToFail(scripts) {
    const names = new Set(scripts.flatMap((script) => [...this.usersOf.get(script)]));
    await this.#run((name) => names.has(name), true);
    return this.#failed;
  }

  /** Whether a test holds by itself. One that does not says nothing, and is not asked again. */
  async holds(name) {
    await this.#run((other) => other === name, true);
    if (this.#failed === undefined) return true;
    for (const users of this.usersOf.values()) users.delete(name);
    return false;
  }

  async #run(test, bail) {
    this.#failed = undefined;
    this.#current = undefined;
    this.#mocha.grep({ test });
    setBail(this.#mocha.suite, bail);
    await new Promise((done) => this.#mocha.run(done));
    this.#current = undefined;
  }
}

function setBail(suite, bail) {
  suite.bail(bail);
  for (const inner of suite.suites) setBail(inner, bail);
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

const all = (await parts()).filter(({ file }) => chosen.length === 0 || chosen.includes(file));
if (all.length === 0) throw new Error('no such file in lib/redis/');
const nameOf = ({ file, line, column, original, replacement }) =>
  JSON.stringify([file, line, column, original, replacement]);
const last = args.includes('--again')
  ? new Set(JSON.parse(readFileSync(RESULT, 'utf8')).map(nameOf))
  : undefined;

const tests = new Tests();
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
    let killer;
    do {
      killer = await withText(part, text, () => tests.firstToFail(part.scripts));
    } while (killer && !(await tests.holds(killer)));
    count.tried += 1;
    if (killer) count.killed += 1;
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
const stale = all.flatMap(({ file }) => unused(`lib/redis/${file}.ts`, survivors));
for (const { file, line, original, replacement } of new Set(stale))
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
