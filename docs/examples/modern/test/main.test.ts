import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FOLDER = fileURLToPath(new URL('..', import.meta.url));

describe('npm start', () => {
  let running: ChildProcess | undefined;
  afterEach(() => {
    running?.kill('SIGKILL');
    running = undefined;
  });

  function start(environment: Record<string, string>) {
    const env = { ...process.env, PORT: '0', ...environment };
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN], { cwd: FOLDER, env });
    running = child;
    let output = '';
    const exitCode = once(child, 'close').then(([code]) => code as number | null);
    const until = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (output.includes(text)) resolve();
        };
        child.stdout.on('data', check);
        exitCode.then(() => reject(new Error(`ended before "${text}":\n${output}`)), reject);
      });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8');
      });
    }
    return { child, output: () => output, until, exitCode };
  }

  it('serves at once what it prints, and stops in good order', async () => {
    const run = start({});
    await run.until('Stop with Ctrl+C.');
    const [, url = '', Authorization = ''] =
      /claude mcp add --transport http notes (\S+) --header "Authorization: ([^"]+)"/.exec(run.output()) ??
      [];
    const [, bobsToken] = /^ {2}Bob {2}(\S+)$/m.exec(run.output()) ?? [];
    const names = ['Ada', 'Bob'];
    const headers = [{ Authorization }, { Authorization: `Bearer ${bobsToken}` }];
    const clients = await Promise.all(
      headers.map(async (sent) => {
        const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
        await client.connect(
          new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: sent } }),
        );
        return client;
      }),
    );
    for (const [index, client] of clients.entries()) {
      const { structuredContent } = await client.callTool({ name: 'whoami', arguments: {} });
      expect(structuredContent).to.deep.equal({ name: names[index], era: 'modern' });
    }
    run.child.kill('SIGTERM');
    expect(await run.exitCode).to.equal(0);
    expect(run.output()).to.include('SIGTERM: stopping').and.not.to.include('Error');
    await Promise.all(clients.map((client) => client.close()));
  });

  it('says so when a setting cannot be used', async () => {
    const run = start({ NOTES_SECRET: 'short' });
    expect(await run.exitCode).to.equal(1);
    expect(run.output().trim()).to.equal('The server cannot start: NOTES_SECRET must have at least 32 bytes');
  });
});
