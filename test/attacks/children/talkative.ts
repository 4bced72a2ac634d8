// A deployment that writes down all it can: events, callers, warnings with their stacks, Express' own errors.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express from 'express';

import {
  currentPrincipal,
  getPrincipal,
  McpGuardError,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  mcpTokenGuard,
  onGuardEvent,
} from '../../../lib/index.js';

const refusal = (secret: string): Error => new Error(`no: ${secret}`, { cause: { password: secret } });
const fails = (name: string, what: string): boolean => name.startsWith(`${what}-`);

onGuardEvent((event) => console.log(event, JSON.stringify(event)));
const sessions = mcpSessionBinding();
const mcp = mcpHandler({
  createServer: ({ principal, sessionId }) => {
    console.log('server for', principal);
    if (fails(principal.subject, 'create')) throw refusal(`${sessionId} ${principal.token}`);
    const server = new McpServer({ name: 'talkative', version: '1' });
    server.registerTool('speak', {}, (extra) => {
      console.log('tool', extra.authInfo, extra.requestInfo, currentPrincipal());
      return { content: [] };
    });
    return server;
  },
});
const app = express();
app.use(
  '/mcp',
  mcpLoginLimiter({ points: 10_000 }),
  mcpTokenGuard({ token: process.argv[2] ?? '' }),
  mcpBasicAuth({
    timeoutMs: 200,
    verifier: {
      async verify({ username, password }) {
        const [subject = ''] = username.split('.');
        if (fails(subject, 'wrong')) return null;
        if (fails(subject, 'throw')) throw refusal(password);
        if (fails(subject, 'forbid')) throw new McpGuardError('forbidden', { cause: refusal(password) });
        if (fails(subject, 'nonsense')) return { password } as never;
        if (fails(subject, 'slow')) return new Promise(() => {});
        return { subject, token: password };
      },
      async startSession({ subject }, { credentials }) {
        console.log('login', subject, credentials);
        if (fails(subject, 'start')) throw refusal(JSON.stringify({ ...credentials }));
      },
      async endSession({ subject, token }) {
        if (fails(subject, 'end')) throw refusal(String(token));
      },
    },
  }),
  mcpBearerAuth({ verifier: async ({ token }) => Promise.reject(refusal(token)) }),
  (request, _response, next) => {
    const { auth, user } = request as unknown as Record<string, unknown>;
    console.log('caller', getPrincipal(request), auth, user);
    next();
  },
  sessions,
  mcp,
);
const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${JSON.stringify(server.address())}`));
process.once('SIGTERM', async () => {
  console.log('sessions', await sessions.list());
  await mcp.close({ graceMs: 0 });
  server.close();
  server.closeAllConnections();
});
