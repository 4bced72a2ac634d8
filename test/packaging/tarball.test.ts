import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

import { expect } from 'chai';
import { freshFolder, pack, ROOT, run } from './support.js';

const WELCOME = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/[\w/-]+\.(js|d\.ts)(\.map)?$/,
  /^lib\/[\w/-]+\.ts$/,
];

describe('the packed tarball', function () {
  this.timeout(120_000);
  let tarball: string;
  let folder: string;
  let files: readonly string[];

  before(async () => {
    tarball = await pack();
    const extracted = await freshFolder();
    await run(extracted, 'tar', ['-xzf', tarball]);
    folder = join(extracted, 'package');
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    files = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => posix.relative(folder, posix.join(entry.parentPath, entry.name)));
  });

  const jsonOf = async (file: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, file), 'utf8'));

  it('holds the build, its sources and the papers, and nothing else', () => {
    expect(files.filter((file) => !WELCOME.some((pattern) => pattern.test(file)))).to.deep.equal([]);
    const papers = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
    expect(files).to.include.members([...papers, 'dist/index.js', 'lib/index.ts']);
  });

  it('holds what every export points to', async () => {
    const { exports } = (await jsonOf('package.json')) as {
      exports: Record<string, string | Record<string, string>>;
    };
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    expect(files).to.include.members(targets.map((target) => target.replace(/^\.\//, '')));
  });

  it('holds the command, as a script that Node runs', async () => {
    const { bin } = (await jsonOf('package.json')) as { bin: Record<string, string> };
    expect(Object.keys(bin)).to.deep.equal(['express-mcp-guards']);
    for (const path of Object.values(bin)) {
      expect(files).to.include(path);
      expect(await readFile(join(folder, path), 'utf8')).to.match(/^#!\/usr\/bin\/env node\n/);
    }
  });

  it('holds the source that every source map names', async () => {
    const maps = files.filter((file) => file.endsWith('.map'));
    expect(maps).to.not.be.empty;
    for (const map of maps) {
      const { sources } = (await jsonOf(map)) as { sources: string[] };
      const named = sources.map((source) => posix.join(posix.dirname(map), source));
      expect(files, map).to.include.members(named);
    }
  });

  it('pleases publint', async () => {
    await run(ROOT, 'node_modules/.bin/publint', ['run', tarball, '--strict']);
  });

  it('has types that every module resolution of today finds', async () => {
    await run(ROOT, 'node_modules/.bin/attw', [tarball, '--profile', 'esm-only']);
  });
});
