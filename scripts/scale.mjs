// Measures what Redis costs and what processes bring, side by side: `npm run bench:scale [-- --rounds 9 --calls 2000
// --sessions 400]`. Prints a table and writes it into docs/scaling.md.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { writeSection } from './page-section.mjs';

const PAGE = new URL('../docs/scaling.md', import.meta.url);
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    calls: { type: 'string', default: '2000' },
    sessions: { type: 'string', default: '400' },
  },
});
const plan = {
  atOnce: 16,
  ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])),
};
for (const [name, value] of Object.entries(plan)) {
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`--${name} must be a whole number`);
}

// Measured as it is shipped: compiled.
const build = spawnSync('npm', ['run', '--silent', 'build:test'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
});
if (build.status !== 0) process.exit(1);
const redis = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
if (redis.status !== 0) {
  console.error('redis-server is not installed');
  process.exit(1);
}

const { run } = await import('../.build/test/redis/scale/run.js');
const { tableOf } = await import('../.build/test/redis/scale/report.js');
const table = tableOf(await run(plan, (text) => console.error(text)));
const [processor] = cpus();
const version = /v=(\S+)/.exec(redis.stdout)?.[1];
const machine = `${cpus().length} × ${processor?.model.trim()}, Node ${process.versions.node}, Redis ${version} on the same machine`;
const text = `${table}

${machine}; ${plan.rounds} rounds of ${plan.calls} calls, ${plan.atOnce} at once, and ${plan.sessions} new sessions, each with any of the processes. Medians.`;
console.log(text);
writeSection(PAGE, 'scale', text);
