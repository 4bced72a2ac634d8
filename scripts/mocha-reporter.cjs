// Mocha's reporter in the whole run: one line per file, then the failures in full. What ran goes to the file that
// MOCHA_SUMMARY names: { passed, failed, skipped, titles, failures }, where `titles` are those of the passed tests and
// `failures` those of the failed ones. A run that leaves something open, so that Node does not end, fails.
const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_TEST_BEGIN, EVENT_TEST_FAIL, EVENT_TEST_PASS } =
  Runner.constants;
const GRACE_MS = 10_000;

/** As its timer does not hold Node back, it fires only where something else does. */
function failIfAlive() {
  const timer = setTimeout(() => {
    console.error(`The tests left open: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(1);
  }, GRACE_MS);
  timer.unref();
}

/** Tells of each file, once the next has begun, how many of its tests passed and how long they took. */
function progress() {
  let current;
  let passed = 0;
  let since = 0;
  const flush = () => {
    if (!current) return;
    const name = current.replace(/^.*\/test\//, '').replace(/\.test\.\w+$/, '');
    console.log(`    ${name}: ${passed} passed, ${Math.round(performance.now() - since)} ms`);
  };
  return {
    begin({ file }) {
      if (!file || file === current) return;
      flush();
      current = file;
      passed = 0;
      since = performance.now();
    },
    pass() {
      passed += 1;
    },
    flush,
  };
}

module.exports = class extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    const titles = [];
    const failures = [];
    const files = progress();
    for (const event of [EVENT_SUITE_BEGIN, EVENT_TEST_BEGIN]) runner.on(event, (one) => files.begin(one));
    runner.on(EVENT_TEST_PASS, (test) => {
      files.pass();
      titles.push(test.fullTitle());
    });
    runner.on(EVENT_TEST_FAIL, (test) => failures.push(test.fullTitle()));
    runner.once(EVENT_RUN_END, () => {
      files.flush();
      this.epilogue();
      failIfAlive();
      const { passes: passed, failures: failed, pending: skipped } = this.stats;
      const { MOCHA_SUMMARY } = process.env;
      if (!MOCHA_SUMMARY) return;
      writeFileSync(MOCHA_SUMMARY, JSON.stringify({ passed, failed, skipped, titles, failures }));
    });
  }
};
