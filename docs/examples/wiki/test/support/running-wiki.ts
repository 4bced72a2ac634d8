import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Database } from '../../src/db/database.js';
import type { DemoUser } from '../../src/db/demo-data.js';
import { listen } from '../../src/listen.js';
import { createWiki, type Wiki, type WikiConfig } from '../../src/wiki.js';
import type { Backend } from './backends.js';

export interface RunningWiki {
  readonly url: string;
  readonly database: Database;
  readonly wiki: Wiki;
  /** The SDK's own client, connected with these headers. */
  connect(headers: Record<string, string>): Promise<McpClient>;
  /** A request as it is, to a path of the wiki. */
  send(method: string, path: string, headers?: Record<string, string>, body?: unknown): Promise<Response>;
}

export interface McpClient {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
}

const cleanups: (() => Promise<void>)[] = [];

afterEach('stop what the test started', async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const defaults: WikiConfig = {
  secret: new TextEncoder().encode('a secret of the test suite, 32 bytes or more'),
  accessTokenSeconds: 3600,
  mcpToken: undefined,
  serviceAccount: undefined,
  allowedHosts: undefined,
  trustProxy: undefined,
};

/** A wiki on a free port of the loopback address, with the demo users and pages. Stops after the test. */
export async function startWiki(backend: Backend, config: Partial<WikiConfig> = {}): Promise<RunningWiki> {
  const database = await backend.fresh();
  const wiki = await createWiki({ ...defaults, ...config }, database);
  const listening = await listen(wiki.app, '127.0.0.1', 0);
  cleanups.push(async () => {
    await wiki.close(0);
    await listening.close(0);
  });
  const { url } = listening;
  return {
    url,
    database,
    wiki,
    async connect(headers) {
      const client = new Client({ name: 'test', version: '1.0.0' });
      const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } });
      cleanups.push(() => client.close());
      // The SDK's own class is not assignable to its Transport under exactOptionalPropertyTypes.
      await client.connect(transport as Parameters<Client['connect']>[0]);
      return { client, transport };
    },
    send(method, path, headers = {}, body) {
      return fetch(new URL(path, url), {
        method,
        headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
  };
}

export function basic({ email, password }: Pick<DemoUser, 'email' | 'password'>): { Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`${email}:${password}`, 'utf8').toString('base64')}` };
}

export function bearer(token: string): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** An access JWT, as the wiki's own login gives it. */
export async function login(wiki: RunningWiki, user: DemoUser): Promise<string> {
  const response = await wiki.send('POST', '/api/login', basic(user));
  if (response.status !== 200) throw new Error(`login answered ${response.status}`);
  return ((await response.json()) as { accessToken: string }).accessToken;
}
