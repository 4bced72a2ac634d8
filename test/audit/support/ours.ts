import type { ServerOptions } from 'node:https';

import type { RequestHandler } from 'express';

import {
  type BasicCredentials,
  type BearerCredentials,
  type McpHandlerOptions,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLegacySse,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
  mcpTlsGuard,
  mcpTokenGuard,
  type Principal,
} from '../../../lib/index.js';
import { mcpHandler as mcpHandlerV2 } from '../../../lib/v2/index.js';
import { eventStore } from '../../support/event-store.js';
import { buildServer } from '../../support/mcp.js';
import { serveApp } from '../../support/serve.js';
import { buildServer as buildServerV2 } from '../../v2/support.js';

export interface Ours extends AsyncDisposable {
  readonly url: URL;
  readonly sse: URL;
  /** How many sessions its store keeps. */
  sessions(): Promise<number>;
}

export interface OursOptions {
  readonly generation?: 'v1' | 'v2';
  readonly createServer?: McpHandlerOptions['createServer'];
  /** What `X-MCP-Token` must hold, where it is asked for. */
  readonly token?: string;
  /** Stands after the other ways to say who calls. */
  readonly last?: RequestHandler;
  /** Serves over HTTPS. */
  readonly tls?: ServerOptions;
}

const PEOPLE = ['ada', 'bob'];

const person = (name: string): Principal | null => (PEOPLE.includes(name) ? { subject: name } : null);
const byPassword = ({ username, password }: BasicCredentials) =>
  password === 'right' ? person(username) : null;
const byToken = ({ token }: BearerCredentials) =>
  token.startsWith('token-of-') ? person(token.slice(9)) : null;

/** The full chain, as the documentation mounts it, at `/mcp`, and HTTP+SSE beside it. */
export async function ours({
  generation = 'v1',
  createServer,
  token,
  last,
  tls,
}: OursOptions = {}): Promise<Ours> {
  const sessions = mcpSessionBinding();
  const create = createServer ?? (({ principal }) => buildServer(principal));
  const mcp =
    generation === 'v1'
      ? mcpHandler({ createServer: create, eventStore: eventStore(true) })
      : mcpHandlerV2({ createServer: buildServerV2 });
  const sse = mcpLegacySse({ createServer: create, messagesPath: '/messages' });
  const guards: readonly RequestHandler[] = [
    mcpOriginGuard(),
    mcpTlsGuard(),
    mcpLoginLimiter(),
    ...(token === undefined ? [] : [mcpTokenGuard({ token })]),
    mcpBearerAuth({ verifier: byToken }),
    mcpBasicAuth({ verifier: byPassword }),
    ...(last ? [last] : []),
    sessions,
  ];
  const served = await serveApp((app) => {
    app.disable('x-powered-by');
    app.use('/mcp', ...guards, mcp);
    app.use(['/sse', '/messages'], ...guards, sse);
  }, tls);
  return {
    url: served.url,
    sse: new URL('/sse', served.url),
    sessions: async () => (await sessions.list()).length,
    async [Symbol.asyncDispose]() {
      await Promise.all([mcp.close({ graceMs: 0 }), sse.close({ graceMs: 0 })]);
      await sessions.close();
      await served[Symbol.asyncDispose]();
    },
  };
}
