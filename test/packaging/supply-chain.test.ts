import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import { ROOT, run } from './support.js';

interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  readonly resolved: string | undefined;
  readonly integrity: string;
  readonly hasInstallScript: boolean;
}

const PERMISSIVE = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'];
const REGISTRY = 'https://registry.npmjs.org/';
const AT_INSTALL = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'];
const text = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

describe('what installing this package brings along', function () {
  this.timeout(60_000);
  let dependencies: readonly Dependency[];

  before(async () => {
    const module = (await import(join(ROOT, 'scripts/dependencies.mjs'))) as {
      dependencies(): readonly Dependency[];
    };
    dependencies = module.dependencies();
  });

  it('is what it is known to be, and no more', () => {
    expect(dependencies.map(({ name }) => name)).to.deep.equal([
      'lru-cache',
      'passport',
      'passport-http',
      'passport-http-bearer',
      'passport-strategy',
      'pause',
      'rate-limiter-flexible',
      'utils-merge',
    ]);
  });

  it('comes from the registry, pinned by its hash, and runs nothing when it is installed', () => {
    for (const { name, resolved, integrity, hasInstallScript } of dependencies) {
      // Where the lock file names no place, it is npm's registry.
      expect(resolved ?? REGISTRY, name).to.match(new RegExp(`^${REGISTRY}`));
      expect(integrity, name).to.match(/^sha512-/);
      expect(hasInstallScript, name).to.equal(false);
    }
  });

  it('may be used by everybody', async () => {
    for (const { name, license } of dependencies) {
      if (name === 'pause')
        expect(await text('node_modules/pause/Readme.md')).to.include('(The MIT License)');
      else expect(PERMISSIVE, name).to.include(license);
    }
  });

  it('has no script of its own that runs when it is installed', async () => {
    const { scripts } = JSON.parse(await text('package.json')) as { scripts: Record<string, string> };
    expect(Object.keys(scripts).filter((name) => AT_INSTALL.includes(name))).to.deep.equal([]);
  });

  it('is what the bill of materials says', async () => {
    const written = await run(ROOT, process.execPath, ['scripts/sbom.mjs']);
    const { bomFormat, metadata, components } = JSON.parse(written) as {
      bomFormat: string;
      metadata: { component: { name: string } };
      components: { name: string; version: string; hashes: { content: string }[] }[];
    };
    expect([bomFormat, metadata.component.name]).to.deep.equal(['CycloneDX', 'express-mcp-guards']);
    expect(components.map(({ name, version }) => `${name}@${version}`)).to.deep.equal(
      dependencies.map(({ name, version }) => `${name}@${version}`),
    );
    for (const { hashes } of components) expect(hashes[0]?.content).to.match(/^[0-9a-f]{128}$/);
  });
});
