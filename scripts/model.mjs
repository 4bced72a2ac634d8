// Logins and sessions against a model of what is promised: `npm run model -- [--count 100000] [--seed 1]
// [--only one-by-one|all-at-once] [--path PATH [--replay REPLAY]] [--write]`. Half of the runs are one call after the other, half run into
// each other. A failure is printed with its seed and path, which play it again; exit code 1. `--write` puts the figures
// into docs/proof.md.
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { register } from 'tsx/esm/api';

import { writeSection } from './page-section.mjs';

const PAGE = new URL('../docs/proof.md', import.meta.url);
/** Runs with a seed of their own. */
const CHUNK = 500;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    path: { type: 'string' },
    replay: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [count, seed] = ['count', 'seed'].map((name) => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`--${name} must be a whole number of at least 1`);
});

register();
const { default: fc } = await import('fast-check');
const { oneByOne } = await import('../test/model/run.ts');
const { allAtOnce } = await import('../test/model/all-at-once.ts');
const MODELS = { 'one-by-one': oneByOne, 'all-at-once': allAtOnce };

const names = values.only === undefined ? Object.keys(MODELS) : [values.only];
if (names.some((name) => !Object.hasOwn(MODELS, name)))
  throw new TypeError(`--only must be of ${Object.keys(MODELS).join(', ')}`);
if (values.path !== undefined && names.length > 1) throw new TypeError('--path must come with --only');
if (values.replay !== undefined && (values.path === undefined || values.only !== 'one-by-one')) {
  throw new TypeError('--replay must come with --only one-by-one and --path');
}

const since = performance.now();
const seconds = () => (performance.now() - since) / 1000;
const done = new Map(names.map((name) => [name, 0]));
const total = () => [...done.values()].reduce((sum, one) => sum + one, 0);
const grouped = (value) => Math.round(value).toLocaleString('en');
const line = () =>
  `${grouped(total())} of ${grouped(count)} runs, ${(total() / seconds()).toFixed(1)} a second`;

let toldAt = 0;
function progress() {
  if (process.stdout.isTTY) writeSync(1, `\r\x1b[K${line()}`);
  else if (seconds() - toldAt > 30) {
    toldAt = seconds();
    console.log(line());
  }
}

async function attempt(name, chunk, size) {
  const details = await MODELS[name]({
    count: size,
    seed: seed + chunk,
    ...(values.path !== undefined && { path: values.path }),
    ...(values.replay !== undefined && { replay: values.replay }),
    onRun() {
      done.set(name, done.get(name) + 1);
      progress();
    },
  });
  if (!details.failed) return true;
  console.log(`\n${name}, --seed ${details.seed} --path "${details.counterexamplePath}"`);
  console.log(fc.defaultReportMessage(details));
  console.log(details.errorInstance);
  return false;
}

let isGood = true;
const each = Math.ceil(count / names.length);
for (let chunk = 0; isGood && chunk * CHUNK < each; chunk += 1) {
  for (const name of names) isGood &&= await attempt(name, chunk, Math.min(CHUNK, each - chunk * CHUNK));
}
console.log(
  `${process.stdout.isTTY ? '\n' : ''}${line()}, seed ${seed}, ${Math.round(seconds())} s: ${isGood ? 'all hold' : 'one does not'}`,
);
if (values.write) {
  const rows = [...done].map(([name, runs]) => `| ${name} | ${grouped(runs)} |`);
  const head = `${grouped(total())} runs of up to 40 (one by one) and 60 (all at once) steps, seed ${seed}, one process, ${Math.max(1, Math.round(seconds() / 60))} minutes, Node ${process.versions.node}: ${isGood ? 'all hold' : 'one did not hold'}.`;
  writeSection(PAGE, 'model', [head, '', '| Model | Runs |', '|---|---|', ...rows].join('\n'));
}
process.exitCode = isGood ? 0 : 1;
