// Two people, one endpoint: Basic over scrypt hashes, a session each.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express from 'express';
import {
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
} from 'express-mcp-guards';
import { hashPassword, passwordVerifier } from 'express-mcp-guards/passwords';

const passwordHash = await hashPassword('right', { ln: 10, r: 8, p: 1 });
const verifier = passwordVerifier({
  findUser: (username) => ({ passwordHash, principal: { subject: username } }),
  parameters: { ln: 10, r: 8, p: 1 },
});

function createServer({ principal, sessionId }) {
  const server = new McpServer({ name: 'wiki', version: '1.0.0' });
  server.registerTool('whoami', {}, () => ({
    content: [{ type: 'text', text: `${principal.subject} ${sessionId.length}` }],
  }));
  return server;
}

const app = express();
const mcp = mcpHandler({ createServer });
app.use('/mcp', mcpOriginGuard(), mcpLoginLimiter(), mcpBasicAuth({ verifier }), mcpSessionBinding(), mcp);
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = new URL(`http://127.0.0.1:${server.address().port}/mcp`);

async function ask(name, password) {
  const headers = { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
  const client = new Client({ name: 'stranger', version: '1.0.0' });
  try {
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    return (await client.callTool({ name: 'whoami' })).content[0].text;
  } catch (error) {
    return error.code;
  } finally {
    await client.close();
  }
}

console.log(
  JSON.stringify([await ask('ada', 'right'), await ask('bob', 'right'), await ask('ada', 'wrong')]),
);
await mcp.close();
server.close();
