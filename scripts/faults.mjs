// Random faults between the nodes and Redis, under load: nobody gets in who should not, nothing acknowledged is lost.
// `node scripts/faults.mjs [--count 500] [--seed 1] [--nodes 3] [--client redis|ioredis] [--kind NAME]... [--json]`
// A seed decides the faults and their order; what the load meets them with is up to the machine. Exit code 1 where
// something happened that must not.
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { register } from 'tsx/esm/api';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    nodes: { type: 'string', default: '3' },
    client: { type: 'string', default: 'redis' },
    kind: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
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
const sum = (counts, suffix = '') =>
  Object.entries(counts).reduce((all, [key, one]) => (key.endsWith(suffix) ? all + one : all), 0);

/** On a terminal one line that changes; else one for every tenth fault. */
function progress(done, what, { requests, violations }) {
  if (values.json) return;
  const text = `${done}/${count} ${what}: ${sum(requests)} requests, ${sum(requests, ': 503')} × 503, ${violations.length} violations`;
  if (process.stdout.isTTY) writeSync(1, `\r\x1b[K${text}`);
  else if (done % 10 === 0 || done === count) console.log(text);
}

const table = (head, counts) => {
  console.log(`\n${head}`);
  for (const [key, value] of Object.entries(counts)) console.log(`  ${key.padEnd(44)} ${value}`);
};

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
else {
  const { seed, nodes, client, seconds, faults, requests, notes, violations, examples, left } = summary;
  const ms = (figures) => `${figures.p50} / ${figures.p99} / ${figures.max}`;
  console.log(`\n\n${sum(faults)} faults, ${nodes} nodes, client ${client}, seed ${seed}, ${seconds} s`);
  table('Faults', faults);
  table('Requests by who sent them, and the answer', requests);
  table('Milliseconds: p50 / p99 / max', {
    'until a 503': ms(summary.refusedMs),
    'until all is as before': ms(summary.recoveryMs),
  });
  table('When everything had been ended', left);
  table('Worth to be told', notes);
  table('What must not be', violations);
  for (const example of examples) console.log(`  ${example}`);
}
process.exitCode = isGood ? 0 : 1;
