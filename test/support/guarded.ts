import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { RequestHandler } from 'express';

import {
  type BasicCredentials,
  type BearerCredentials,
  type CreateServerContext,
  type CredentialVerifier,
  type McpHandler,
  type McpHandlerOptions,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpSessionBinding,
  type SessionBinding,
  type SessionBindingOptions,
} from '../../lib/index.js';
import { basic } from './call.js';
import { buildServer } from './mcp.js';
import { type Served, serve } from './serve.js';

export interface Setting {
  readonly basic?: Partial<CredentialVerifier<BasicCredentials>>;
  readonly bearer?: Partial<CredentialVerifier<BearerCredentials>>;
  readonly binding?: SessionBindingOptions;
  readonly handler?: Partial<McpHandlerOptions>;
  readonly createServer?: (
    context: CreateServerContext,
  ) => McpServer | Server | PromiseLike<McpServer | Server>;
  readonly before?: readonly RequestHandler[];
}

export interface Guarded extends AsyncDisposable {
  readonly served: Served;
  readonly url: URL;
  readonly sessions: SessionBinding;
  readonly mcp: McpHandler;
}

/** A whole chain on a real server: Basic (password `right`), Bearer (the token names the subject), sessions, MCP. */
export async function guarded(setting: Setting = {}): Promise<Guarded> {
  const sessions = mcpSessionBinding(setting.binding ?? {});
  const mcp = mcpHandler({
    createServer: setting.createServer ?? (({ principal }) => buildServer(principal)),
    ...setting.handler,
  });
  const served = await serve(
    ...(setting.before ?? []),
    mcpBasicAuth({
      verifier: {
        verify: ({ username, password }) => (password === 'right' ? { subject: username } : null),
        ...setting.basic,
      },
    }),
    mcpBearerAuth({ verifier: { verify: ({ token }) => ({ subject: token }), ...setting.bearer } }),
    sessions,
    mcp,
  );
  return {
    served,
    url: served.url,
    sessions,
    mcp,
    async [Symbol.asyncDispose]() {
      await mcp.close({ graceMs: 0 });
      await sessions.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

/** The headers of a person who logs in with the right password. */
export const as = (username: string): { readonly authorization: string } => ({
  authorization: basic(username, 'right'),
});

export const bearer = (token: string): { readonly authorization: string } => ({
  authorization: `Bearer ${token}`,
});
