// What strangers send, changed at random, on everything that reads it: `npm run fuzz -- [--count 100000000] [--seed 1]
// [--only NAME]... [--workers N] [--minutes N] [--write]`. The same seed tries the same values, on however many workers.
// A find is printed with its target, seed and value; exit code 1. `--minutes` stops early, `--write` puts the figures
// into docs/proof.md.
import { writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { writeSection } from './page-section.mjs';

const PAGE = new URL('../docs/proof.md', import.meta.url);
/** Values of one target with a seed of their own. */
const CHUNK = 100_000;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    workers: { type: 'string', default: String(availableParallelism()) },
    minutes: { type: 'string', default: '100000' },
    write: { type: 'boolean', default: false },
  },
});
const number = (name) => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`--${name} must be a whole number of at least 1`);
};

const [count, seed, size] = ['count', 'seed', 'workers'].map(number);
const since = performance.now();
const endsAt = since + number('minutes') * 60_000;
const done = new Map();
const finds = [];
let queue;

/** Chunks in turns, so that every target has had its part whenever the run stops. */
function* chunksOf(names) {
  const each = Math.ceil(count / names.length);
  for (let n = 0; n * CHUNK < each; n += 1) {
    for (const name of names) yield { name, seed: seed + n, count: Math.min(CHUNK, each - n * CHUNK) };
  }
}

function plan(names) {
  const unknown = values.only?.find((name) => !names.includes(name));
  if (unknown) {
    console.error(`--only must be of ${names.join(', ')}`);
    process.exit(1);
  }
  return chunksOf(values.only ?? names);
}

const seconds = () => (performance.now() - since) / 1000;
const total = () => [...done.values()].reduce((sum, one) => sum + one, 0);
const grouped = (value) => Math.round(value).toLocaleString('en');
const line = () =>
  `${grouped(total())} of ${grouped(count)} values, ${grouped(total() / seconds())} a second, ${finds.length} finds`;

let toldAt = since;
function progress() {
  if (process.stdout.isTTY) writeSync(1, `\r\x1b[K${line()}`);
  else if (performance.now() - toldAt > 30_000) {
    toldAt = performance.now();
    console.log(line());
  }
}

function work() {
  const worker = new Worker(new URL('./fuzz-worker.mjs', import.meta.url));
  return new Promise((resolve, reject) => {
    worker.once('error', reject).once('exit', resolve);
    worker.on('message', ({ names, name, count: tried, find }) => {
      if (names) queue ??= plan(names);
      else done.set(name, (done.get(name) ?? 0) + tried);
      if (find) {
        finds.push(find);
        console.log(`\n${find.target}, seed ${find.seed}: ${JSON.stringify(find.value)}\n  ${find.fault}`);
      }
      progress();
      const next = performance.now() < endsAt ? queue.next().value : undefined;
      if (next) worker.postMessage(next);
      else void worker.terminate();
    });
  });
}

await Promise.all(Array.from({ length: size }, work));
console.log(`${process.stdout.isTTY ? '\n' : ''}${line()}, seed ${seed}, ${Math.round(seconds())} s`);
if (values.write) {
  const rows = [...done].map(([name, tried]) => `| ${name} | ${grouped(tried)} |`);
  const head = `${grouped(total())} values, seed ${seed}, ${size} ${size === 1 ? 'worker' : 'workers'}, ${Math.max(1, Math.round(seconds() / 60))} minutes, Node ${process.versions.node}: ${finds.length} finds.`;
  writeSection(PAGE, 'fuzz', [head, '', '| Target | Values |', '|---|---|', ...rows].join('\n'));
}
process.exitCode = finds.length > 0 ? 1 : 0;
