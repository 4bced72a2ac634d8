// Runs the tests with real clients, MCP Inspector among them: `node scripts/test-clients.mjs [options of Mocha]`. The
// Inspector is too large to be a dependency and needs Node 22.19; both come from npm, into a folder outside the project.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { installed, nodeBinary } from './node-binary.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const INSPECTOR = installed('@modelcontextprotocol/inspector', '2.12.0');

const { status } = spawnSync(
  process.execPath,
  [
    join(ROOT, 'node_modules/mocha/bin/mocha.js'),
    ...process.argv.slice(2),
    'test/clients/*.test.ts',
    'test/clients/inspector.spec.ts',
  ],
  {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      INSPECTOR_NODE: nodeBinary('22'),
      INSPECTOR: join(INSPECTOR, 'clients/launcher/build/index.js'),
    },
  },
);
process.exitCode = status ?? 1;
