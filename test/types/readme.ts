// The README's first sample, as a user pastes it.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express from 'express';
import {
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
  type Principal,
} from 'express-mcp-guards';
import { passwordVerifier } from 'express-mcp-guards/passwords';

declare const users: {
  find(name: string): Promise<{ id: string; passwordHash: string; disabled: boolean } | undefined>;
};

const app = express();
const verifier = passwordVerifier({
  async findUser(username) {
    const user = await users.find(username);
    return user && { ...user, principal: { subject: user.id } };
  },
});
const buildServerFor = (principal: Principal) => new McpServer({ name: principal.subject, version: '1.0.0' });

app.use(
  '/mcp',
  mcpOriginGuard(),
  mcpLoginLimiter(),
  mcpBasicAuth({ verifier }),
  mcpSessionBinding(),
  mcpHandler({ createServer: ({ principal }) => buildServerFor(principal) }),
);
app.listen(3000);
