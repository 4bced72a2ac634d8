// Measures what the guards cost: `npm run bench -- [--quick] [--only NAME]...`.
// Everything that is measured is compiled, this package in dist/; what it is compared with, and is no dependency, is
// installed outside the project.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { installed } from './node-binary.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMPARED = { fastmcp: '4.20.16', '@modelcontextprotocol/node': '2.1.2' };

for (const name of ['build', 'build:test']) {
  const { status } = spawnSync('npm', ['run', '--silent', name], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const packages = {};
for (const [name, version] of Object.entries(COMPARED)) {
  try {
    packages[name] = installed(name, version);
  } catch (error) {
    console.error(`${error.message}: it is left out.`);
  }
}

const run = spawn(process.execPath, ['.build/test/bench/main.js', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, BENCH_PACKAGES: JSON.stringify(packages) },
});
// A terminal sends Ctrl+C to the run as well.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => run.kill('SIGTERM'));
run.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
