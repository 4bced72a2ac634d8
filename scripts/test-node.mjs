// Runs the compiled tests on another Node: `node scripts/test-node.mjs VERSION [--quick] [options of Mocha]`.
// VERSION is what npm takes (22, 20.19.0, latest); its binary comes from npm, into a folder outside the project.
// Needs `npm run build:test` before. --quick: the guards and the flows alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [version, ...rest] = process.argv.slice(2);
if (!version || !/^[\w.]+$/.test(version)) throw new Error('which version of Node?');
const isQuick = rest.includes('--quick');
const folders = isQuick ? ['guards', 'flow'] : ['**'];

/** The path of that Node, installed where it is not yet. */
function nodeBinary() {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(tmpdir(), 'express-mcp-guards-nodes', version);
  const path = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const { status } = spawnSync('npm', ['install', ...options, `${name}@${version}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm could not install ${name}@${version}`);
  return path;
}

const node = nodeBinary();
console.log(`    Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
const { status } = spawnSync(
  node,
  [
    join(ROOT, 'node_modules/mocha/bin/mocha.js'),
    ...['--no-config', '--timeout', '10000', '--require', join(ROOT, 'scripts/mocha-strict.cjs')],
    ...rest.filter((argument) => argument !== '--quick'),
    ...folders.map((folder) => `.build/test/${folder}/*.test.js`),
  ],
  { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
);
process.exitCode = status ?? 1;
