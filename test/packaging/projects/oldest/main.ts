// The lowest versions of everything that this package claims to work with: Express 4.21, SDK 1.26, jose 6.0.
import type { AddressInfo } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express from 'express';
import {
  currentPrincipal,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpOriginGuard,
  mcpSessionBinding,
} from 'express-mcp-guards';
import { jwtVerifier } from 'express-mcp-guards/jwt';
import { SignJWT } from 'jose';

const issuer = 'https://id.example';
const audience = 'https://wiki.example';
const keys = new Uint8Array(32).fill(7);

const app = express();
const sessions = mcpSessionBinding();
const mcp = mcpHandler({
  createServer() {
    const server = new McpServer({ name: 'wiki', version: '1.0.0' });
    server.registerTool('whoami', {}, () => ({
      content: [{ type: 'text', text: currentPrincipal()?.subject ?? 'nobody' }],
    }));
    return server;
  },
});
app.use(
  '/mcp',
  mcpOriginGuard(),
  mcpLoginLimiter(),
  mcpBearerAuth({ verifier: jwtVerifier({ issuer, audience, keys, tokenType: 'at+jwt' }) }),
  mcpBasicAuth({
    verifier: ({ username, password }) => (password === 'right' ? { subject: username } : null),
  }),
  sessions,
  mcp,
);
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);

async function ask(authorization: string): Promise<string> {
  const client = new Client({ name: 'stranger', version: '1.0.0' });
  const headers = { Authorization: authorization };
  try {
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    const { content } = await client.callTool({ name: 'whoami' });
    return (content as { text: string }[])[0]?.text ?? '';
  } catch (error) {
    return String((error as { code?: unknown }).code);
  } finally {
    await client.close();
  }
}

const token = await new SignJWT({ sub: 'ada' })
  .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
  .setIssuer(issuer)
  .setAudience(audience)
  .setIssuedAt()
  .setExpirationTime('1m')
  .sign(keys);
const answers = [
  await ask(`Bearer ${token}`),
  await ask(`Basic ${btoa('bob:right')}`),
  await ask(`Basic ${btoa('bob:wrong')}`),
];
console.log(JSON.stringify([...answers, (await sessions.list()).length]));
await mcp.close();
server.close();
