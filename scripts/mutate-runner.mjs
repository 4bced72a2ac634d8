// Runs the compiled tests for Stryker, whose own runner does not know this Mocha. All mutants that are not looked at
// while a module loads share one process; what one of them leaves behind must not decide about the next, so:
// - the tests are run twice before any mutant, and those that hold only once count in a process of their own alone;
// - the test that noticed a mutant has to hold again without it, else that process is used no more;
// - a mutant that survived among the remains of others is tried again in a process of its own.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { commonTokens, declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  MutantRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import Mocha from 'mocha';

/** Where the changed sources look which mutant they are. */
globalThis.__stryker__ ??= {};
const state = globalThis.__stryker__;

class Runner {
  #files;
  #mocha;
  #isLoaded = false;
  #isFresh = true;
  #isDirty = false;
  #beforeTest;
  #results;
  #retries;
  #testMs;

  constructor({ compiledTests, retries, testMs }) {
    this.#files = compiledTests;
    this.#retries = retries;
    this.#testMs = testMs;
  }

  capabilities() {
    return { reloadEnvironment: false };
  }

  init() {
    createRequire(import.meta.url)(resolve('scripts/mocha-strict.cjs'));
    const runner = this;
    class Reporter {
      constructor(events) {
        const put = (status) => (test, error) => runner.#put(test, status, error);
        events.on('pass', put(TestStatus.Success)).on('fail', put(TestStatus.Failed));
        events.on('pending', put(TestStatus.Skipped));
      }
    }
    this.#mocha = new Mocha({ reporter: Reporter, timeout: this.#testMs });
    this.#mocha.cleanReferencesAfterRun(false);
    for (const file of this.#files) this.#mocha.addFile(resolve(file));
    this.#mocha.suite.beforeEach(function () {
      runner.#beforeTest?.(this.currentTest);
    });
  }

  async dryRun({ coverageAnalysis }) {
    this.#beforeTest = (test) => {
      state.currentTestId = test.fullTitle();
    };
    const first = await this.#run({ bail: false });
    this.#beforeTest = undefined;
    const mutantCoverage = structuredClone(state.mutantCoverage);
    // Where each survivor gets a process of its own these do no harm.
    const again = this.#retries ? [] : await this.#run({ bail: false });
    const onlyOnce = again.filter(({ status }) => status === TestStatus.Failed).map(({ id }) => id);
    for (const id of onlyOnce) {
      console.log(`holds only once: ${id}`);
      delete mutantCoverage?.perTest[id];
    }
    const tests = first.filter(({ id, status }) => status === TestStatus.Failed || !onlyOnce.includes(id));
    return { status: DryRunStatus.Complete, tests, ...(coverageAnalysis !== 'off' && { mutantCoverage }) };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
    if (this.#isDirty) throw new Error('a mutant left something behind');
    const wasFresh = this.#isFresh;
    this.#isFresh = false;
    if (!this.#isLoaded && mutantActivation === 'static') state.activeMutant = activeMutant.id;
    try {
      await this.#load();
    } catch (error) {
      // Without a mutant they load.
      return { status: MutantRunStatus.Killed, killedBy: [], failureMessage: String(error), nrOfTests: 0 };
    }

    state.hitLimit = hitLimit;
    state.hitCount = hitLimit ? 0 : undefined;
    state.activeMutant = activeMutant.id;
    const tests = await this.#run({ bail: true, only: testFilter });
    const endless = determineHitLimitReached(state.hitCount, hitLimit);
    if (mutantActivation !== 'static') state.activeMutant = undefined;
    state.hitCount = state.hitLimit = undefined;
    if (endless) {
      this.#isDirty = true;
      return toMutantRunResult(endless);
    }

    const result = toMutantRunResult({ status: DryRunStatus.Complete, tests });
    if (mutantActivation === 'static') return result;
    if (result.status === MutantRunStatus.Killed) {
      const again = await this.#run({ bail: true, only: result.killedBy });
      this.#isDirty = again.some(({ status }) => status === TestStatus.Failed);
      // A test that fails once more when it is over may hear of work that another mutant had begun.
      const isLate = tests.some(({ failureMessage }) =>
        /^done\(\) called multiple times/.test(failureMessage),
      );
      if (!wasFresh && (this.#isDirty || isLate)) throw new Error('another mutant left something behind');
    } else if (this.#retries && !wasFresh) {
      throw new Error('another mutant may have left something behind');
    }
    return result;
  }

  dispose() {
    this.#mocha.dispose();
  }

  async #load() {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    await this.#mocha.loadFilesAsync();
  }

  async #run({ bail, only }) {
    await this.#load();
    this.#results = new Map();
    const names = only && new Set(only);
    this.#mocha.grep(names ? { test: (name) => names.has(name) } : /.*/);
    setBail(this.#mocha.suite, bail);
    await new Promise((done) => this.#mocha.run(done));
    return [...this.#results.values()];
  }

  #put(test, status, error) {
    const id = (test.type === 'hook' && test.ctx?.currentTest ? test.ctx.currentTest : test).fullTitle();
    if (this.#results.get(id)?.status === TestStatus.Failed) return;
    const failureMessage = error === undefined ? '' : String(error?.message ?? error);
    this.#results.set(id, { id, name: id, status, timeSpentMs: test.duration ?? 0, failureMessage });
  }
}

function setBail(suite, bail) {
  suite.bail(bail);
  for (const inner of suite.suites) setBail(inner, bail);
}

const create = (options) => new Runner(options);
create.inject = [commonTokens.options];

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'compiled', create)];
