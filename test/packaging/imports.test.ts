import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { expect } from 'chai';
import { ROOT, run } from './support.js';

describe('the check that imports point one way', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guards-imports-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What the check prints of a tree of these files. */
  async function verdictOn(files: Readonly<Record<string, string>>): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return run(ROOT, process.execPath, ['scripts/check-imports.mjs', folder]).catch(
      (error: Error) => error.message,
    );
  }

  it('lets a guard import what is below it', async () => {
    const guard = `
      import { createHmac } from 'node:crypto';
      import type { Request } from 'express';
      import type { A } from '../credentials/a.js';
      /** @example import { two } from './two.js'; */`;
    expect(await verdictOn({ 'guards/one.ts': guard, 'credentials/a.ts': "import './b.js';" })).to.equal('');
  });

  it('tells every import that does not, of a value or of a type', async () => {
    const verdict = await verdictOn({
      'guard.ts': '',
      'guards/two.ts': '',
      'http/upwards.ts': "import { b } from '../guard.js';",
      'http/type.ts': "import type { B } from '../guard.js';",
      'http/in-place.ts': "export type B = import('../guard.js').B;",
      'types.ts': "export type { B } from './guard.js';",
      'guards/one.ts': "import { two } from './two.js';",
      'passwords/index.ts': "import { one } from '../guards/one.js';",
      'credentials/package.ts': "import type { Request } from 'express';",
      'helpers/a.ts': "import 'node:fs';",
      'http/a.ts': "import type { B } from './b.js';",
      'http/b.ts': "import type { A } from './a.js';",
    });
    const lines = verdict.split('\n').filter((line) => line.startsWith('lib/'));
    expect(lines).to.have.members([
      'lib/http/upwards.ts: http must not import guard.ts',
      'lib/http/type.ts: http must not import guard.ts',
      'lib/http/in-place.ts: http must not import guard.ts',
      'lib/types.ts: types must not import guard.ts',
      'lib/guards/one.ts: no guard imports another guard: guards/two.ts',
      'lib/passwords/index.ts: passwords must not import guards/one.ts',
      'lib/credentials/package.ts: credentials must not import express',
      'lib/helpers/a.ts: helpers has no place in scripts/check-imports.mjs',
      'lib/circle: http/a.ts → http/b.ts → http/a.ts',
    ]);
  });
});
