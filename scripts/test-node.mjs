// Runs the compiled tests on another Node: `node scripts/test-node.mjs VERSION [--quick] [options of Mocha]`.
// VERSION is what npm takes (22, 20.19.0, latest); its binary comes from npm, into a folder outside the project.
// Needs `npm run build:test` before. --quick: the guards and the flows alone.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { nodeBinary } from './node-binary.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [version, ...rest] = process.argv.slice(2);
if (!version || !/^[\w.]+$/.test(version)) throw new Error('which version of Node?');
const isQuick = rest.includes('--quick');
const folders = isQuick ? ['guards', 'flow'] : ['**'];

const node = nodeBinary(version);
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
