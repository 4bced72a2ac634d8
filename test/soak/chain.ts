import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express, { type RequestHandler } from 'express';
import { z } from 'zod';

import {
  currentPrincipal,
  MemoryLoginStore,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
  mcpTokenGuard,
} from '../../lib/index.js';
import { CLIENT_TOKEN, passwordOf, subjectOfToken } from './people.js';
import type { SoakSetting } from './sample.js';

/** The guards, all of them, before a handler that answers with SSE and, at `/json`, one that answers with JSON. */
export interface Chain {
  readonly handler: RequestHandler;
  revoke(subject: string): Promise<number>;
  close(): Promise<void>;
}

const GRACE_MS = 1000;
/** Small, so that what is kept on purpose is kept from the first wave on. */
const KEPT = { proofCache: { ttlSeconds: 60, max: 200 } };

export function chainOf({ maxSessions, idleSeconds }: SoakSetting, onServer: () => void): Chain {
  const sessions = mcpSessionBinding({ maxSessions, idleSeconds, maxSessionsPerPrincipal: 8 });
  const createServer = () => {
    onServer();
    return serverOf();
  };
  const mcp = mcpHandler({ createServer });
  const json = mcpHandler({ createServer, enableJsonResponse: true });
  const router = express.Router();
  router.use(
    mcpOriginGuard(),
    mcpLoginLimiter({ durationSeconds: 2, store: new MemoryLoginStore({ maxKeys: 200 }) }),
    mcpTokenGuard({ token: CLIENT_TOKEN }),
    mcpBearerAuth({
      ...KEPT,
      verifier: async ({ token }) => {
        const subject = subjectOfToken(token);
        return subject === undefined ? null : { subject };
      },
    }),
    mcpBasicAuth({
      ...KEPT,
      maxConcurrent: 1000,
      verifier: async ({ username, password }) =>
        password === passwordOf(username) ? { subject: username } : null,
    }),
    sessions,
  );
  router.use('/json', json);
  router.use(mcp);
  return {
    handler: router,
    revoke: (subject) => sessions.revoke({ subject }),
    close: async () => {
      await Promise.all([mcp.close({ graceMs: GRACE_MS }), json.close({ graceMs: GRACE_MS })]);
      await sessions.close();
    },
  };
}

function serverOf(): McpServer {
  const server = new McpServer({ name: 'soak', version: '1.0.0' }, { capabilities: { logging: {} } });
  const answer = () => ({
    content: [{ type: 'text' as const, text: `I am ${currentPrincipal()?.subject}.` }],
  });
  server.registerTool('whoami', { inputSchema: {} }, answer);
  server.registerTool('wait', { inputSchema: { ms: z.number() } }, async ({ ms }, { signal }) => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return answer();
  });
  server.registerTool('flood', { inputSchema: { events: z.number() } }, async ({ events }, extra) => {
    for (let n = 0; n < events; n += 1) {
      const data = `${n} ${'.'.repeat(1000)}`;
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } });
    }
    return answer();
  });
  return server;
}
