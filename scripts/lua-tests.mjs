// The compiled tests of lib/redis for scripts/mutate-lua.mjs: which of them have a script run, and whether they notice that
// it is another one.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import Mocha from 'mocha';

/** Tests of several processes have Redis run scripts that this one cannot change. */
const NOT_TRIED = /(?:failover|faults|fault-proxy|node-process|redis-server)\.test\.js$/;
/** These take least: single steps, at a time that stands still. */
const FIRST = /scripts?\b/;
/** These take longest. */
const LAST = /(?:login-outage|lost-answers|news)\.test\.js$/;
const orderOf = (name) => (FIRST.test(name) ? 0 : LAST.test(name) ? 2 : 1);
/** Until a test that never ends is given up. */
const TEST_MS = 20_000;

/** Makes `script` another one, for whoever holds it. */
export function setSource(script, source) {
  const sha = createHash('sha1').update(source).digest('hex');
  Object.defineProperties(script, {
    source: { configurable: true, value: source },
    sha: { configurable: true, value: sha },
  });
}

/** The tests, loaded once, and which of them have a script run. */
export class LuaTests {
  #mocha;
  #current;
  #failed;
  /** By script: the names of the tests that it is run in. */
  #usersOf = new Map();

  /** `folder` holds the compiled tests. */
  constructor(folder) {
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
    createRequire(import.meta.url)(fileURLToPath(new URL('mocha-strict.cjs', import.meta.url)));
    this.#mocha = new Mocha({ reporter: Reporter, timeout: TEST_MS });
    this.#mocha.cleanReferencesAfterRun(false);
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
      this.#usersOf.set(script, users);
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
    const names = new Set(scripts.flatMap((script) => [...this.#usersOf.get(script)]));
    await this.#run((name) => names.has(name), true);
    return this.#failed;
  }

  /** Whether a test holds by itself. */
  async holds(name) {
    await this.#run((other) => other === name, true);
    return this.#failed === undefined;
  }

  /** Asks this test no more. Returns whether it was asked before. */
  leaveOut(name) {
    return [...this.#usersOf.values()].filter((users) => users.delete(name)).length > 0;
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
