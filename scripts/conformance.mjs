// Runs the official conformance suite's server scenarios through the guards: `node scripts/conformance.mjs [v1] [v2]`.
// The suite needs Node 22, which comes from npm where this Node is older, as does the newer suite (see RUNS).
// Scenarios that cannot apply are in test/conformance/not-applicable.json, each with its reason; one of these that
// passes, or is unknown, is a failure.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { installed, nodeBinary } from './node-binary.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SUITE = '@modelcontextprotocol/conformance';
const RELEASED = JSON.parse(readFileSync(join(ROOT, 'node_modules', SUITE, 'package.json'), 'utf8')).version;
/** Knows more scenarios than what is released: those of sessions, and of 2026-07-28. */
const NEXT = '0.2.0-alpha.12';
const RUNS = [
  { server: 'v1', suite: RELEASED, spec: '2025-11-25' },
  { server: 'v1', suite: NEXT, spec: '2025-11-25' },
  { server: 'v2', suite: RELEASED, spec: '2025-11-25' },
  { server: 'v2', suite: NEXT, spec: '2025-11-25' },
  { server: 'v2', suite: NEXT, spec: '2026-07-28' },
  // What is in no version: its scenarios have to be asked for one by one.
  { server: 'v2', suite: NEXT, spec: 'extensions' },
];
const NOT_APPLICABLE = JSON.parse(readFileSync(join(ROOT, 'test/conformance/not-applicable.json'), 'utf8'));
/** One run takes a few seconds. */
const TIMEOUT_MS = 180_000;

const node = Number.parseInt(process.versions.node, 10) >= 22 ? process.execPath : nodeBinary('22');
const results = mkdtempSync(join(tmpdir(), 'guards-conformance-'));
const children = new Set();

/** Starts a child that is killed when this process ends, or when it takes too long. */
function start(file, args, stdio) {
  const child = spawn(file, args, { cwd: ROOT, stdio });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  children.add(child);
  child.once('close', () => {
    clearTimeout(timer);
    children.delete(child);
  });
  return child;
}

/** What the suite prints. It exits with 1 where a scenario fails; that is in its results as well. */
async function suite(version, ...args) {
  const folder = version === RELEASED ? join(ROOT, 'node_modules', SUITE) : installed(SUITE, version);
  const child = start(node, [join(folder, 'dist/index.js'), ...args], ['ignore', 'pipe', 'pipe']);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await once(child, 'close');
  return output;
}

/** The names of the scenarios for servers; of all versions where none is named. */
async function listed(version, spec) {
  const list = await suite(version, 'list', '--server', ...(spec ? ['--spec-version', spec] : []));
  return [...list.matchAll(/^ +- (\S+)(.*)$/gm)].map(([, name, versions]) => ({ name, versions }));
}

async function scenariosOf({ suite: version, spec }) {
  const isExtension = ({ versions }) => versions.includes('[extension]');
  const scenarios =
    spec === 'extensions' ? (await listed(version)).filter(isExtension) : await listed(version, spec);
  return scenarios.map(({ name }) => name);
}

/** The results of one run: a map from the scenario to its checks. */
async function checksOf({ suite: version, spec, folder }, url, names) {
  const server = (...args) => suite(version, 'server', '--url', url, '--output-dir', folder, ...args);
  const outputs = [];
  if (spec !== 'extensions') outputs.push(await server('--suite', 'all', '--spec-version', spec));
  else for (const name of names) outputs.push(await server('--scenario', name));
  const checks = new Map();
  for (const name of readdirSync(folder)) {
    const [, scenario] = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name) ?? [];
    if (scenario) checks.set(scenario, JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8')));
  }
  if (checks.size === 0) console.log(outputs.join('\n'));
  return checks;
}

/** Why the scenario cannot apply, if it is listed so. */
function exemption(version, scenario) {
  return NOT_APPLICABLE.find((entry) => entry.suite === version && entry.scenarios.includes(scenario))
    ?.reason;
}

/** What each scenario of the newer suite adds: whatever it found, the messages were well formed. */
const ALWAYS = 'wire-schema-valid';

/** Why the scenario has not passed: `undefined` where it has. One that checks nothing has not. */
function failureOf(checks) {
  if (!checks) return 'it did not run';
  const failed = checks.filter(({ status }) => status === 'FAILURE');
  if (failed.length > 0) return failed.map(({ id, errorMessage }) => `${id}: ${errorMessage}`).join('; ');
  const isGood = checks.some(({ status, id }) => status === 'SUCCESS' && id !== ALWAYS);
  return isGood ? undefined : 'it checked nothing';
}

const total = { passed: 0, failed: 0, 'not applicable': 0 };

function tell(outcome, name, detail) {
  total[outcome] += 1;
  const mark = { passed: '✓', failed: '✗', 'not applicable': '-' }[outcome];
  console.log(`    ${mark} ${name}${detail ? `: ${detail}` : ''}`);
}

async function run(one) {
  const { server, suite: version, spec } = one;
  const since = performance.now();
  const served = start(
    process.execPath,
    ['--import', 'tsx', 'test/conformance/serve.ts', server],
    ['pipe', 'pipe', 'inherit'],
  );
  const lines = createInterface({ input: served.stdout });
  const [url] = await Promise.race([once(lines, 'line'), once(served, 'close')]);
  if (typeof url !== 'string') throw new Error(`the ${server} server did not start`);
  const folder = mkdtempSync(join(results, 'run-'));
  const names = await scenariosOf(one);
  const checks = await checksOf({ ...one, folder }, url, names);
  served.stdin.end();
  await once(served, 'close');
  console.log(
    `${server}, MCP ${spec}, suite ${version} (${((performance.now() - since) / 1000).toFixed(1)} s)`,
  );
  for (const name of names) {
    const failure = failureOf(checks.get(name));
    const reason = exemption(version, name);
    const warnings = (checks.get(name) ?? [])
      .filter(({ status }) => status === 'WARNING')
      .map(({ id }) => id);
    if (reason && !failure) tell('failed', name, 'it passes, but is listed as not applicable');
    else if (reason) tell('not applicable', name, reason);
    else if (failure) tell('failed', name, failure);
    else tell('passed', name, warnings.length > 0 ? `but see ${warnings.join(', ')}` : '');
  }
  if (names.length === 0) tell('failed', 'the suite', 'it lists no scenario');
  return names;
}

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(results, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const wanted = process.argv.slice(2);
const runs = RUNS.filter(({ server }) => wanted.length === 0 || wanted.includes(server));
const known = new Map();
for (const one of runs) {
  const names = known.get(one.suite) ?? [];
  known.set(one.suite, [...names, ...(await run(one))]);
}
for (const { suite: version, scenarios } of NOT_APPLICABLE) {
  for (const name of wanted.length === 0 ? scenarios : []) {
    if (!known.get(version)?.includes(name))
      tell('failed', name, `listed as not applicable, but not in ${version}`);
  }
}
const { passed, failed } = total;
console.log(`${passed} passed, ${failed} failed, ${total['not applicable']} not applicable`);
// The sum of the whole test, see test.mjs.
const { MOCHA_SUMMARY } = process.env;
if (MOCHA_SUMMARY) writeFileSync(MOCHA_SUMMARY, JSON.stringify({ passed, failed, skipped: 0 }));
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
