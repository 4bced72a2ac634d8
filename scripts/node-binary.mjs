// What is too large to be a dependency, or of another Node than this one, comes from npm into a folder outside the
// project, and stays there for the next time.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PLACE = join(tmpdir(), 'express-mcp-guards-tools');
const OPTIONS = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];

/** The folder of a package of that version (what npm takes). Installed where it is not yet. */
export function installed(name, version) {
  const folder = join(PLACE, `${name}@${version}`);
  const path = join(folder, 'node_modules', name);
  if (existsSync(path)) return path;
  mkdirSync(dirname(folder), { recursive: true });
  // Beside it first, so that two runs at once do not meet half of an installation.
  const fresh = mkdtempSync(`${folder}-`);
  try {
    writeFileSync(join(fresh, 'package.json'), '{"private":true}');
    const args = ['install', ...OPTIONS, '--loglevel', 'error', `${name}@${version}`];
    const { status } = spawnSync('npm', args, { cwd: fresh, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error(`npm could not install ${name}@${version}`);
    if (!existsSync(path)) renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return path;
}

/** The path of the Node of that version (22, 20.19.0, latest). */
export function nodeBinary(version) {
  return join(installed(`node-${process.platform}-${process.arch}`, version), 'bin/node');
}
