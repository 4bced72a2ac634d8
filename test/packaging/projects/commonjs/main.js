// An app of the old kind: `require`, a bearer token, no session.
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { McpServer } = require('@modelcontextprotocol/sdk/server/mcp.js');
const express = require('express');
const { currentPrincipal, mcpBearerAuth, mcpHandler } = require('express-mcp-guards');

const people = new Map([['token-of-ada', { subject: 'ada' }]]);

function createServer() {
  const server = new McpServer({ name: 'wiki', version: '1.0.0' });
  server.registerTool('whoami', {}, ({ authInfo }) => {
    const text = `${currentPrincipal().subject} ${authInfo.extra.principal.subject}`;
    return { content: [{ type: 'text', text }] };
  });
  return server;
}

async function main() {
  const app = express();
  app.use(
    '/mcp',
    mcpBearerAuth({ verifier: ({ token }) => people.get(token) ?? null }),
    mcpHandler({ createServer }),
  );
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = new URL(`http://127.0.0.1:${server.address().port}/mcp`);

  const headers = { Authorization: 'Bearer token-of-ada' };
  const client = new Client({ name: 'stranger', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const { content } = await client.callTool({ name: 'whoami' });
  await client.close();
  const refused = await fetch(url, { method: 'POST', headers: { Authorization: 'Bearer token-of-nobody' } });
  console.log(JSON.stringify([content[0].text, refused.status, refused.headers.get('www-authenticate')]));
  server.close();
}

main();
