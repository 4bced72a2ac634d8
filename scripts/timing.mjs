// Whether the time of an answer tells who asks: `npm run timing -- [--pairs 20000] [--seed 1] [--only users|secrets|guard]
// [--write]`. Prints the area under the ROC curve of each kind against the first; exit code 1 where one is further than
// 0.02 from 0.5. `--write` puts the table into docs/proof.md. Wants a machine that does nothing else.
import { writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { register } from 'tsx/esm/api';

import { writeSection } from './page-section.mjs';

const PAGE = new URL('../docs/proof.md', import.meta.url);
const MAX_OFF = 0.02;

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
  },
});
const [pairs, seed] = ['pairs', 'seed'].map((name) => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`--${name} must be a whole number of at least 1`);
});

register();
const { compare } = await import('../test/timing/measure.ts');
const { secretKinds, tokenGuardKinds, userKinds } = await import('../test/timing/kinds.ts');
const { randomOf } = await import('../test/fuzz/random.ts');

const random = randomOf(seed);
const SUITES = {
  users: ['a wrong password, `passwordVerifier`', userKinds],
  secrets: ['a wrong secret, as it is compared', () => secretKinds(random)],
  guard: ['a wrong token, `mcpTokenGuard`', () => tokenGuardKinds(random)],
};
const names = values.only ?? Object.keys(SUITES);
if (names.some((name) => !Object.hasOwn(SUITES, name)))
  throw new TypeError(`--only must be of ${Object.keys(SUITES).join(', ')}`);

const since = performance.now();
const rows = [];
for (const name of names) {
  const [title, kindsOf] = SUITES[name];
  const found = await compare(await kindsOf(), pairs, random, (done) => {
    const text = `${name}: ${done} of ${pairs} pairs`;
    if (process.stdout.isTTY && done % 100 === 0) writeSync(1, `\r\x1b[K${text}`);
    else if (done % 5000 === 0) console.log(text);
  });
  for (const { name: kind, against, auc, medianUs } of found)
    rows.push({ title, kind, against, auc, medianUs });
}
if (process.stdout.isTTY) writeSync(1, '\r\x1b[K');
const isOff = ({ auc }) => Math.abs(auc - 0.5) > MAX_OFF;
for (const row of rows) {
  const { title, kind, against, auc, medianUs } = row;
  console.log(
    `${isOff(row) ? '✗' : '✓'} ${auc.toFixed(4)} ${title}: ${kind} against ${against} (medians differ by ${medianUs.toFixed(2)} µs)`,
  );
}
if (values.write) {
  const minutes = Math.max(1, Math.round((performance.now() - since) / 60_000));
  const head = `${pairs.toLocaleString('en')} pairs each, seed ${seed}, ${minutes} minutes, Node ${process.versions.node}, ${cpus()[0]?.model ?? 'one processor'}.`;
  const table = rows.map(
    ({ title, kind, against, auc, medianUs }) =>
      `| ${title} | ${kind} against ${against} | ${auc.toFixed(4)} | ${medianUs.toFixed(2)} |`,
  );
  writeSection(
    PAGE,
    'timing',
    [head, '', '| What | Kinds | AUC | Medians differ by, µs |', '|---|---|---|---|', ...table].join('\n'),
  );
}
process.exitCode = rows.some(isOff) ? 1 : 0;
