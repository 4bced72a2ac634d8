// Random faults between the nodes and Redis, under load: nobody gets in who should not, nothing acknowledged is lost.
// `node scripts/faults.mjs [--count 500] [--seed 1] [--nodes 3] [--client redis|ioredis] [--kind NAME]... [--json] [--write]`
// A seed decides the faults and their order; what the load meets them with is up to the machine. Exit code 1 where
// something happened that must not. `--write` puts the figures into docs/scaling.md.
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { register } from 'tsx/esm/api';

import { pageOf, printReport, sum } from './faults-report.mjs';
import { writeSection } from './page-section.mjs';

const PAGE = new URL('../docs/scaling.md', import.meta.url);

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    nodes: { type: 'string', default: '3' },
    client: { type: 'string', default: 'redis' },
    kind: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const number = (name) => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(`--${name} must be a whole number`);
};

register();
const { run } = await import('../test/redis/faults/run.ts');
const { isInstalled } = await import('../test/support/redis-server.ts');
if (!isInstalled()) {
  console.error('redis-server is not installed');
  process.exit(1);
}

const count = number('count');
let told = 0;

/** On a terminal one line that changes, else one for every tenth fault; and what must not be as soon as it is. */
function progress(done, what, { requests, violations }) {
  if (values.json) return;
  const text = `${done}/${count} ${what}: ${sum(requests)} requests, ${sum(requests, ': 503')} × 503, ${violations.length} violations`;
  for (const { kind, text: detail } of violations.slice(told)) console.log(`\n${kind}: ${detail}`);
  told = violations.length;
  if (process.stdout.isTTY) writeSync(1, `\r\x1b[K${text}`);
  else if (done % 10 === 0 || done === count) console.log(text);
}

const summary = await run({
  count,
  seed: number('seed'),
  nodes: number('nodes'),
  client: values.client,
  ...(values.kind && { kinds: values.kind }),
  onFault: progress,
});
const isGood = sum(summary.violations) === 0;
if (values.json) console.log(JSON.stringify(summary, undefined, 2));
else printReport(summary);
if (values.write) writeSection(PAGE, 'faults', pageOf(summary));
process.exitCode = isGood ? 0 : 1;
