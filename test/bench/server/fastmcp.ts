import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { z } from 'zod';

import { PACKAGES, type Setting } from '../setting.js';

interface FastMcp {
  addTool(tool: object): void;
  start(options: object): Promise<void>;
}

interface FastMcpModule {
  FastMCP: new (options: object) => FastMcp;
}

/** The module of a package that was installed for this run alone. */
export async function loadInstalled<T>(name: string): Promise<T> {
  const folder = JSON.parse(process.env[PACKAGES] ?? '{}')[name] as string | undefined;
  if (!folder) throw new Error(`${name} is not installed for this run`);
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { import: entry } = exports['.'];
  return import(pathToFileURL(join(folder, entry.default ?? entry)).href);
}

/** `fastmcp` with `authenticate`. It listens by itself, so it gets a free port. */
export async function fastmcp({ answers }: Setting): Promise<number> {
  const { FastMCP } = await loadInstalled<FastMcpModule>('fastmcp');
  const server = new FastMCP({
    name: 'bench',
    version: '1.0.0',
    logger: { debug() {}, error: console.error, info() {}, log() {}, warn() {} },
    authenticate: async ({ headers }: { headers: Record<string, string | undefined> }) => {
      if (!headers.authorization?.startsWith('Bearer ')) throw new Response(null, { status: 401 });
      return { subject: headers.authorization.slice(7) };
    },
  });
  server.addTool({
    name: 'echo',
    description: 'Says it again',
    parameters: z.object({ text: z.string() }),
    execute: async ({ text }: { text: string }) => text,
  });
  const port = await freePort();
  const httpStream = { port, host: '127.0.0.1', endpoint: '/mcp', enableJsonResponse: answers === 'json' };
  await server.start({ transportType: 'httpStream', httpStream });
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
