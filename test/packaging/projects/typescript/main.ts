// Strict TypeScript, without a package that only this package's own tests have.
import type { AddressInfo } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express from 'express';
import {
  type BasicCredentials,
  type CredentialVerifier,
  getPrincipal,
  mcpBasicAuth,
  mcpHandler,
  mcpRequireAuth,
  mcpSessionBinding,
  mcpTokenGuard,
  type Principal,
} from 'express-mcp-guards';

class Users implements CredentialVerifier<BasicCredentials> {
  verify({ username, password }: BasicCredentials): Principal | null {
    return password === 'right' ? { subject: username, tenant: 'north' } : null;
  }
}

const app = express();
const sessions = mcpSessionBinding();
const guards = [mcpTokenGuard({ token: 'shared' }), mcpBasicAuth({ verifier: new Users() })];
app.get('/me', guards, mcpRequireAuth(), (request: express.Request, response: express.Response) => {
  response.json(getPrincipal(request));
});
const mcp = mcpHandler({
  createServer({ principal: { subject, tenant } }) {
    const server = new McpServer({ name: 'wiki', version: '1.0.0' });
    server.registerTool('whoami', {}, () => ({
      content: [{ type: 'text', text: `${subject} of ${tenant}` }],
    }));
    return server;
  },
});
app.use('/mcp', ...guards, sessions, mcp);

const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const headers = { Authorization: `Basic ${btoa('ada:right')}`, 'X-MCP-Token': 'shared' };
const client = new Client({ name: 'stranger', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', base), { requestInit: { headers } }));
const { content } = await client.callTool({ name: 'whoami' });
const [first] = content as { text: string }[];
const me = (await (await fetch(new URL('/me', base), { headers })).json()) as Principal;
const { length } = await sessions.list({ subject: 'ada' });
console.log(JSON.stringify([first?.text, me.subject, length]));
await client.close();
await mcp.close();
server.close();
