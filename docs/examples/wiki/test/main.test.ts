import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'chai';
import { alice, bob } from '../src/db/demo-data.js';
import { call } from './support/mcp.js';
import { IS_UP, type Run, runMain } from './support/run-main.js';
import { basic } from './support/running-wiki.js';

describe('npm start', () => {
  let running: ChildProcess | undefined;
  afterEach(() => {
    running?.kill('SIGKILL');
    running = undefined;
  });

  function start(environment: Record<string, string>): Run {
    const run = runMain(environment);
    running = run.child;
    return run;
  }

  it('serves at once what it prints, and stops in good order', async () => {
    const run = start({});
    await run.until(IS_UP);
    const url = /The wiki is up: (\S+)/.exec(run.output())?.[1] ?? '';
    for (const { email, password } of [alice, bob]) expect(run.output()).to.include(`${email}  ${password}`);

    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: basic(alice) },
    });
    await client.connect(transport as Parameters<Client['connect']>[0]);
    expect((await call(client, 'list_pages')).isError).to.equal(false);

    run.child.kill('SIGTERM');
    expect(await run.exitCode).to.equal(0);
    expect(run.output()).to.include('SIGTERM: stopping').and.not.to.include('Error');
    await client.close();
  });

  it('says so when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const run = start({ PORT: String(port) });
      expect(await run.exitCode).to.equal(1);
      expect(run.output()).to.include(
        `cannot listen on 127.0.0.1:${port}: the port is taken; set PORT to another`,
      );
      expect(run.output()).not.to.include('    at ');
    } finally {
      other.close();
    }
  });

  it('says so when the database does not answer', async () => {
    const run = start({ DATABASE_URL: 'postgres://wiki:very-secret@127.0.0.1:1/wiki' });
    expect(await run.exitCode).to.equal(1);
    expect(run.output()).to.include('The wiki cannot start: cannot reach PostgreSQL at 127.0.0.1:1/wiki');
    expect(run.output()).not.to.include('very-secret').and.not.to.include('    at ');
  });

  it('says so when a setting cannot be used', async () => {
    const run = start({ WIKI_SECRET: 'short' });
    expect(await run.exitCode).to.equal(1);
    expect(run.output().trim()).to.equal('The wiki cannot start: WIKI_SECRET must be at least 32 bytes');
  });
});
