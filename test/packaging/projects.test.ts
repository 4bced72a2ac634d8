import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import { basic, call } from '../support/call.js';
import { connect, textOf } from '../support/client.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/gate.js';
import { install, ROOT, run } from './support.js';

describe('the packed tarball in a project of its own', function () {
  this.timeout(180_000);

  const answersOf = async (folder: string, ...args: string[]): Promise<unknown> =>
    JSON.parse(await run(folder, process.execPath, args));

  it('guards an ES module', async () => {
    const folder = await install('esm');
    expect(await answersOf(folder, 'main.js')).to.deep.equal(['ada 43', 'bob 43', 401]);
  });

  it('runs the first sample of the README as it is printed', async () => {
    const folder = await install('esm');
    const [, sample = ''] = /```ts\n(.+?)\n```/s.exec(await readFile(join(ROOT, 'README.md'), 'utf8')) ?? [];
    const port = await freePort();
    expect(sample).to.include('listen(3000');
    await writeFile(join(folder, 'server.mjs'), sample.replace('listen(3000', `listen(${port}`));
    const server = spawn(process.execPath, ['server.mjs'], { cwd: folder, stdio: 'inherit' });
    try {
      const url = new URL(`http://127.0.0.1:${port}/mcp`);
      await until('the sample answers', () => fetch(url).then(Boolean, () => false), 20_000);
      await using ada = await connect(url, { authorization: basic('ada', 'engine') });
      expect(await textOf(ada.client, 'whoami')).to.equal('user-1');
      expect((await call(url, { headers: { authorization: basic('ada', 'wrong') } })).status).to.equal(401);
    } finally {
      server.kill();
      await once(server, 'close');
    }
  });

  it('audits from the command line, and within a test', async () => {
    const folder = await install('esm');
    const program = 'node_modules/.bin/express-mcp-guards';
    expect(await run(folder, program, ['--list'])).to.match(
      /^transport-security .+\nunauthenticated-access /,
    );
    expect(await answersOf(folder, 'audit.js')).to.deep.equal([[], 'AssertionError']);
  });

  it('guards a CommonJS app through require(), without a warning', async () => {
    const folder = await install('commonjs');
    expect(await answersOf(folder, '--throw-deprecation', 'main.js')).to.deep.equal([
      'ada ada',
      401,
      'Bearer realm="mcp", error="invalid_token"',
    ]);
  });

  it('guards a strict TypeScript app, compiled with skipLibCheck off', async () => {
    const folder = await install('typescript');
    await run(folder, 'node_modules/.bin/tsc', ['-p', '.']);
    expect(await answersOf(folder, 'built/main.js')).to.deep.equal(['ada of north', 'ada', 1]);
  });

  it('serves both eras without the first generation of the SDK, compiled with skipLibCheck off', async () => {
    const folder = await install('both-eras');
    expect(await readdir(join(folder, 'node_modules/@modelcontextprotocol'))).to.not.include('sdk');
    await run(folder, 'node_modules/.bin/tsc', ['-p', '.']);
    expect(await answersOf(folder, 'built/main.js')).to.deep.equal([
      'ada ada modern undefined',
      'ada ada legacy string',
      401,
    ]);
  });

  it('needs nothing of the second generation for the first', async () => {
    const folder = await install('esm');
    expect(await readdir(join(folder, 'node_modules/@modelcontextprotocol'))).to.deep.equal(['sdk']);
  });

  it('works with the lowest versions that it claims: Express 4.21, SDK 1.26, jose 6.0', async () => {
    const folder = await install('oldest');
    await run(folder, 'node_modules/.bin/tsc', ['-p', '.']);
    expect(await answersOf(folder, 'built/main.js')).to.deep.equal(['ada', 'bob', '401', 2]);
  });
});
