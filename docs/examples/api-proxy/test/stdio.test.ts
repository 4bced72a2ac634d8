import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect } from 'chai';
import { ada, bob, type DemoKey, north, south } from '../src/api/demo-data.js';
import { headersOf } from '../src/api-key.js';
import { call, namesIn, startApi } from './support/running.js';

const STDIO = fileURLToPath(new URL('../src/stdio.ts', import.meta.url));
const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const ARGS = ['--import', 'tsx', STDIO];

const environmentOf = (apiUrl: string, { keyId, secret }: Pick<DemoKey, 'keyId' | 'secret'>) => ({
  PATH: process.env.PATH ?? '',
  API_URL: apiUrl,
  ACME_KEY_ID: keyId,
  ACME_KEY_SECRET: secret,
});

describe('npm run stdio', () => {
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  async function connect(env: Record<string, string>): Promise<Client> {
    const client = new Client({ name: 'test', version: '1.0.0' });
    clients.push(client);
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: ARGS,
        cwd: FOLDER,
        env,
        stderr: 'inherit',
      }),
    );
    return client;
  }

  async function outcomeOf(env: Record<string, string>) {
    const child = spawn(process.execPath, ARGS, { cwd: FOLDER, env });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdin.end();
    const [code] = await once(child, 'close');
    return { code, stdout, stderr: stderr.trim() };
  }

  it('serves each with the key of its own environment', async () => {
    const api = await startApi();
    const adas = await connect({ ...environmentOf(api.url, ada), ACME_ORGANIZATION_ID: north.id });
    const bobs = await connect(environmentOf(api.url, bob));
    const seen = [];
    for (const client of [adas, bobs, adas]) seen.push((await call({ client }, 'whoami')).data);
    const isAda = { id: 'user-ada', name: 'Ada', organization: north, role: 'admin' };
    const isBob = { id: 'user-bob', name: 'Bob', organization: south, role: 'editor' };
    expect(seen).to.deep.equal([isAda, isBob, isAda]);
    expect(namesIn(await call({ client: adas }, 'list_projects'))).to.deep.equal(['Lighthouse']);
    expect(namesIn(await call({ client: bobs }, 'list_projects'))).to.deep.equal(['Harbour']);
    const [adasKey, bobsKey] = [headersOf(ada).Authorization, headersOf(bob).Authorization];
    expect(new Set(api.keys)).to.deep.equal(new Set([adasKey, bobsKey]));
  });

  it('ends with its input, and says nothing on standard output that is not MCP', async () => {
    const api = await startApi();
    expect(await outcomeOf(environmentOf(api.url, ada))).to.deep.equal({ code: 0, stdout: '', stderr: '' });
  });

  it('says so on standard error when it cannot start', async () => {
    const api = await startApi();
    const good = environmentOf(api.url, bob);
    const cases = [
      [
        { ...good, ACME_KEY_SECRET: 'wrong' },
        'ACME_KEY_ID and ACME_KEY_SECRET: the API does not know this key',
      ],
      [{ ...good, ACME_ORGANIZATION_ID: north.id }, 'ACME_ORGANIZATION_ID: the key is of nobody there'],
      [{ ...good, ACME_KEY_ID: '' }, 'ACME_KEY_ID and ACME_KEY_SECRET must hold an API key'],
    ] as const;
    for (const [env, message] of cases) {
      const stderr = `The server cannot start: ${message}`;
      expect(await outcomeOf(env)).to.deep.equal({ code: 1, stdout: '', stderr });
    }
  });
});
