import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

import { mcpBasicAuth, mcpSessionBinding, type SessionBinding } from '../../../lib/index.js';
import { mcpHandler } from '../../../lib/v2/index.js';
import { guarded, type Setting } from '../../support/guarded.js';
import { serve } from '../../support/serve.js';
import { type Watch, watch } from './seen.js';

export interface Watched extends AsyncDisposable, Watch {
  readonly url: URL;
  readonly sessions: SessionBinding;
}

type Wanted = Pick<Setting, 'basic' | 'before'>;

/** The guarded app on SDK v1, and what its server sees. */
export async function watchedV1(setting: Setting = {}): Promise<Watched> {
  const app = await guarded(setting);
  // Spreading would read the lines at once.
  return Object.assign(watch(app.served.server), {
    url: app.url,
    sessions: app.sessions,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  });
}

/** The same on SDK v2, which serves both eras. */
export async function watchedV2({ basic, before = [] }: Wanted = {}): Promise<Watched> {
  const sessions = mcpSessionBinding();
  const mcp = mcpHandler({ createServer: buildServer });
  const served = await serve(
    ...before,
    mcpBasicAuth({
      verifier: {
        verify: ({ username, password }) => (password === 'right' ? { subject: username } : null),
        ...basic,
      },
    }),
    sessions,
    mcp,
  );
  return Object.assign(watch(served.server), {
    url: served.url,
    sessions,
    async [Symbol.asyncDispose]() {
      await mcp.close({ graceMs: 0 });
      await sessions.close();
      await served[Symbol.asyncDispose]();
    },
  });
}

function buildServer(): McpServer {
  const server = new McpServer({ name: 'test', version: '1' }, { capabilities: { tools: { listChanged: true } } });
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return server;
}
