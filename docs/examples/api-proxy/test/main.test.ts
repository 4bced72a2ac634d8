import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'chai';
import { ada, bob, north } from '../src/api/demo-data.js';
import { headersOf } from '../src/api-key.js';

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
    for (const { keyId, secret } of [ada, bob]) expect(run.output()).to.include(`${keyId}:${secret}`);
    const [, url = '', shell = ''] =
      /claude mcp add --transport http acme (\S+) (--header .*)/.exec(run.output()) ?? [];
    const headers = Object.fromEntries(
      [...shell.matchAll(/"([^:"]+): ([^"]+)"/g)].map(([, name, value]) => [name ?? '', value ?? '']),
    );
    expect(headers).to.deep.equal(headersOf(ada, north.id));

    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
    await client.connect(transport as Parameters<Client['connect']>[0]);
    const { structuredContent } = await client.callTool({ name: 'whoami', arguments: {} });
    expect(structuredContent).to.include({ id: 'user-ada', role: 'admin' });

    run.child.kill('SIGTERM');
    expect(await run.exitCode).to.equal(0);
    expect(run.output()).to.include('SIGTERM: stopping').and.not.to.include('Error');
    await client.close();
  });

  it('prints no demo key where the API is another', async () => {
    const run = start({ API_URL: 'https://api.acme.example' });
    await run.until('Stop with Ctrl+C.');
    expect(run.output()).to.include('https://api.acme.example').and.not.to.include(ada.secret);
  });

  it('says so when a setting cannot be used', async () => {
    const run = start({ API_URL: 'http://api.acme.example/v1' });
    expect(await run.exitCode).to.equal(1);
    expect(run.output().trim()).to.equal(
      'The server cannot start: API_URL must be an https origin, such as https://api.acme.example',
    );
  });
});
