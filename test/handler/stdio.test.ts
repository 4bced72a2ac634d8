import { fileURLToPath } from 'node:url';

import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect } from 'chai';

import { until } from '../support/gate.js';

const isSource = import.meta.url.endsWith('.ts');

/** How to start a module of `children/`, compiled or not as this file is. */
function child(
  name: string,
  who: string,
): { command: string; args: string[]; env: Record<string, string>; stderr: 'pipe' } {
  const path = fileURLToPath(new URL(`./children/${name}.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const env = { PATH: String(process.env.PATH), WHO: who, KEY: `key of ${who}` };
  return {
    command: process.execPath,
    args: [...(isSource ? ['--import', 'tsx'] : []), path],
    env,
    stderr: 'pipe',
  };
}

const expected = (who: string, era: string): object => ({
  era,
  created: who,
  current: who,
  subject: who,
  token: 'issued',
  key: `key of ${who}`,
  sessionId: null,
  isAborted: false,
});

interface Talk {
  readonly text: string;
  readonly stderr: () => string;
  close(): Promise<void>;
  readonly pid: number | null;
}

async function talkV1(name: string, who: string): Promise<Talk> {
  const transport = new StdioClientTransport(child(name, who));
  let stderr = '';
  transport.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  const { content } = await client.callTool({ name: 'whoami' });
  const [first] = content as { text: string }[];
  return { text: first?.text ?? '', stderr: () => stderr, close: () => client.close(), pid: transport.pid };
}

async function talkV2(name: string, who: string, mode: 'auto' | 'legacy'): Promise<Talk> {
  const transport = new StdioV2(child(name, who));
  let stderr = '';
  transport.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  const { content } = await client.callTool({ name: 'whoami', arguments: {} });
  const [first] = content as { text: string }[];
  return { text: first?.text ?? '', stderr: () => stderr, close: () => client.close(), pid: transport.pid };
}

function isGone(pid: number | null): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return false;
  } catch {
    return true;
  }
}

describe('serveStdio', () => {
  for (const who of ['ann', 'ben']) {
    const ways: readonly [string, () => Promise<Talk>, string][] = [
      ['v1 to the v1 client', () => talkV1('stdio-v1', who), 'legacy'],
      ['v2 to the v1 client', () => talkV1('stdio-v2', who), 'legacy'],
      ['v2 to the v2 client', () => talkV2('stdio-v2', who, 'auto'), 'modern'],
      ['v2 to the v2 client of the old era', () => talkV2('stdio-v2', who, 'legacy'), 'legacy'],
    ];
    for (const [what, talk, era] of ways) {
      it(`${what}: runs as ${who}, whom the environment names, and ends with its input`, async () => {
        const { text, stderr, close, pid } = await talk();
        expect(JSON.parse(text)).to.deep.equal(expected(who, era));
        await close();
        await until('the process is gone', () => isGone(pid));
        expect(stderr()).to.include('over, undefined').and.not.include('key of');
      }).timeout(30_000);
    }
  }
});
