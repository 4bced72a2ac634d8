// Every threat the package must withstand names at least one passed test. `node scripts/check-threats.mjs FILE...` reads
// the titles from the summaries of a run (see mocha-reporter.cjs); without it, it asks Mocha which tests there are.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REQUIRED = [
  ...'W1 W2 W3 W4 W5 W6 W7 W8 W9 W10 W11 W12 W13 W14 W15 W16 W17 W18 W19 W20 W21 W22 W23 W24 W25 W26 W27 W28 W29 W30'.split(
    ' ',
  ),
  ...'A1 A2 A3 A5 A6 A8 A9 A10 A11 A12'.split(' '),
  ...'B1 B2 B3 B4 B6 B7 B9 B11 B12 B13 B14 B15 B16 B17'.split(' '),
  ...'C1 C2 C3 C4 C5 C7 D1 D2 D3 D4 D5 D6 E1 E3 E4 E6 E7 F1 F2 F4 F6 F10'.split(' '),
];

function titlesOf(summary) {
  return JSON.parse(readFileSync(summary, 'utf8')).titles;
}

function titlesOfDryRun() {
  const folder = mkdtempSync(join(tmpdir(), 'guards-threats-'));
  const summary = join(folder, 'titles.json');
  try {
    const { status, stdout, stderr } = spawnSync(
      join(ROOT, 'node_modules/.bin/mocha'),
      ['--dry-run', '--reporter', join(ROOT, 'scripts/mocha-reporter.cjs'), 'test/**/*.test.ts'],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, MOCHA_SUMMARY: summary } },
    );
    if (status !== 0) throw new Error(`mocha --dry-run failed:\n${stdout}${stderr}`);
    return titlesOf(summary);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const summaries = process.argv.slice(2).filter((summary) => existsSync(summary));
const named = new Set(
  (summaries.length > 0 ? summaries.flatMap(titlesOf) : titlesOfDryRun()).flatMap(
    (title) => title.match(/\b[A-F]\d+\b|\bW\d+\b/g) ?? [],
  ),
);
const missing = REQUIRED.filter((id) => !named.has(id));
if (missing.length > 0) {
  console.error(`No passed test is named by: ${missing.join(', ')}`);
  process.exitCode = 1;
}
