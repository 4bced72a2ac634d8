import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

export interface Remote extends AsyncDisposable {
  readonly client: Client;
  /** A folder of its own. */
  readonly home: string;
  /** What it has written for its user. */
  readonly log: string;
  /** Starts it. Rejects where it cannot connect: it ends then. */
  connect(...args: readonly string[]): Promise<void>;
}

const PROXY = fileURLToPath(import.meta.resolve('mcp-remote/dist/proxy.js'));

/** `mcp-remote` as a client starts it: a process of its own. It keeps what it knows in a folder that goes with it. */
export function remote(url: URL, environment: Readonly<Record<string, string>> = {}): Remote {
  const home = mkdtempSync(join(tmpdir(), 'guards-remote-'));
  const client = new Client({ name: 'test', version: '1' });
  let log = '';
  return {
    client,
    home,
    get log() {
      return log;
    },
    connect(...args) {
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [PROXY, url.href, ...args],
        // Without a PATH it finds no browser.
        env: { HOME: home, PATH: home, MCP_REMOTE_CONFIG_DIR: home, BROWSER: 'none', ...environment },
        stderr: 'pipe',
      });
      transport.stderr?.on('data', (chunk) => {
        log += chunk;
      });
      return client.connect(transport);
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
