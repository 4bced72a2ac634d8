// Runs the wiki of docs/examples/, against this package as it is: built first where it has not been since lib/ changed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, 'dist/index.js');

function isBuilt() {
  if (!existsSync(BUILT)) return false;
  const builtAt = statSync(BUILT).mtimeMs;
  const sources = readdirSync(join(ROOT, 'lib'), { recursive: true }).map((name) => join(ROOT, 'lib', name));
  return sources.every((path) => statSync(path).mtimeMs <= builtAt);
}

if (!isBuilt()) {
  console.log('Building express-mcp-guards…');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const wiki = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
  cwd: join(ROOT, 'docs/examples/wiki'),
  stdio: 'inherit',
});
// A terminal sends Ctrl+C to the wiki as well; what is sent to this process alone is handed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => wiki.kill('SIGTERM'));
wiki.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
