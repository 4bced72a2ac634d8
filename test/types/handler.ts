// The handler, the servers it takes, and what code behind it learns of its caller.
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import {
  type CreateServerContext,
  currentPrincipal,
  getPrincipal,
  isGuardError,
  type McpHandler,
  mcpHandler,
  type Principal,
} from 'express-mcp-guards';

declare const eventStore: EventStore;

const highLevel = mcpHandler({ createServer: () => new McpServer({ name: 'high', version: '1.0.0' }) });
const lowLevel = mcpHandler({
  createServer: async ({ principal, sessionId, signal }: CreateServerContext) => {
    signal.throwIfAborted();
    const server = new Server({ name: `${principal.subject} ${sessionId ?? 'once'}`, version: '1.0.0' });
    return server;
  },
});
const full: McpHandler = mcpHandler({
  createServer({ principal: { subject, issuer, tenant, claims } }) {
    const server = new McpServer({ name: 'wiki', version: '1.0.0' });
    server.registerTool('whoami', {}, ({ authInfo }) => {
      const principal = currentPrincipal();
      const text = JSON.stringify([subject, issuer, tenant, claims, principal?.subject, authInfo?.clientId]);
      return { content: [{ type: 'text', text }] };
    });
    return server;
  },
  maxBodyBytes: 65_536,
  enableJsonResponse: true,
  eventStore,
  keepAliveMs: 15_000,
  createTimeoutMs: 1000,
  failover: false,
  onError: (error) => console.error(isGuardError(error) ? error.code : error),
});
export const closing: Promise<void>[] = [full.close(), full.close({ graceMs: 0 })];

const app = express();
app.use('/high', highLevel).use('/low', lowLevel);
app.all('/mcp', full);
app.use('/mcp', (request, response, next) => {
  const principal: Principal | undefined = getPrincipal(request);
  if (principal?.expiresAt === undefined) next();
  else response.json({ subject: principal.subject, token: principal.token?.length });
});
