// Waves of sessions on a server for a long time: what it keeps of them must not grow, and nothing but what is documented
// may be answered. `npm run soak -- [--minutes 60] [--sessions 10000] [--seed 1] [--json] [--write]`
// A seed decides what is done; how much of it, the machine. Exit code 1 where something is found. `--write` puts the
// figures into docs/proof.md, and the picture beside it.
import { writeFileSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { register } from 'tsx/esm/api';

import { writeSection } from './page-section.mjs';

const PAGE = new URL('../docs/proof.md', import.meta.url);
const PICTURE = new URL('../docs/images/soak.svg', import.meta.url);

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    sessions: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const [minutes, sessions, seed] = ['minutes', 'sessions', 'seed'].map((name) => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`--${name} must be a whole number of at least 1`);
});

register();
const { soak } = await import('../test/soak/run.ts');
const { soakPicture } = await import('../test/soak/picture.ts');

const grouped = (value) => Math.round(value).toLocaleString('en');
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

let toldAt = 0;
function onSample(sample, phase) {
  if (values.json) return;
  const { atMs, sessions: open, heapBytes, begun, requests } = sample;
  const line = `${(atMs / 60_000).toFixed(1)} of ${minutes} minutes, ${phase}: ${grouped(open)} sessions of ${grouped(begun)}, ${grouped(requests)} requests, heap ${megabytes(heapBytes)} MB`;
  if (process.stdout.isTTY) writeSync(1, `\r\x1b[K${line}`);
  else if (sample.isQuiet || atMs - toldAt > 30_000) {
    toldAt = atMs;
    console.log(line);
  }
}

const { samples, answers, findings } = await soak({ seconds: minutes * 60, sessions, seed, onSample });
if (values.json) console.log(JSON.stringify({ answers, findings, samples }));
else {
  console.log(process.stdout.isTTY ? '\n' : '');
  for (const [what, count] of Object.entries(answers).sort()) console.log(`${what}: ${grouped(count)}`);
  console.log(findings.length === 0 ? 'nothing is found' : findings.join('\n'));
}
if (values.write) write();
process.exitCode = findings.length === 0 ? 0 : 1;

function write() {
  const quiet = samples.filter(({ isQuiet }) => isQuiet);
  const last = samples.at(-1);
  const most = Math.max(...samples.map(({ sessions: open }) => open));
  const heaps = quiet.map(({ heapBytes }) => megabytes(heapBytes));
  const sum = (pattern) =>
    Object.entries(answers).reduce((total, [what, count]) => total + (pattern.test(what) ? count : 0), 0);
  const text = `${Math.round(last.atMs / 60_000)} minutes, seed ${seed}, Node ${process.versions.node}: ${grouped(last.begun)} sessions in ${quiet.length} waves, up to ${grouped(most)} at once; ${grouped(last.requests)} requests, among them ${grouped(sum(/^whoami: 200/))} served calls, ${grouped(sum(/^abort/))} that were left in the middle, ${grouped(sum(/^slow reader/))} slow readers, ${grouped(sum(/^GET: 200/))} streams, ${grouped(sum(/^theft/))} thieves of session ids, ${grouped(sum(/^guess/))} guesses and ${grouped(sum(/^revoked/))} revocations. Heap each time nobody called, in MB: ${heaps.join(', ')}. ${findings.length === 0 ? 'Nothing was found.' : `Found: ${findings.join('; ')}.`}

![Sessions, heap, resources, listeners and event loop delay over time](./images/soak.svg)`;
  writeSection(PAGE, 'soak', text);
  writeFileSync(PICTURE, soakPicture(samples));
}
