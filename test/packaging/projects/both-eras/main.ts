// Strict TypeScript on the second generation of the SDK, without the first, skipLibCheck off.
import type { AddressInfo } from 'node:net';
import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import express from 'express';
import {
  type BasicCredentials,
  mcpBasicAuth,
  mcpLegacySse,
  mcpSessionBinding,
  type Principal,
} from 'express-mcp-guards';
import { createRequestStateCodec, type EraContext, type McpHandler, mcpHandler } from 'express-mcp-guards/v2';

const codec = createRequestStateCodec<{ step: number }>({ key: 'k'.repeat(32) });

function createServer({ principal, era, sessionId }: EraContext): McpServer {
  const server = new McpServer(
    { name: 'wiki', version: '1.0.0' },
    { requestState: { verify: codec.verify } },
  );
  server.registerTool('whoami', {}, ({ http }) => {
    const caller = http?.authInfo?.extra?.principal as Principal | undefined;
    return {
      content: [
        { type: 'text', text: [principal.subject, caller?.subject, era, typeof sessionId].join(' ') },
      ],
    };
  });
  return server;
}

const app = express();
const sessions = mcpSessionBinding();
const basic = mcpBasicAuth({
  verifier: ({ username, password }: BasicCredentials): Principal | null =>
    password === 'right' ? { subject: username } : null,
});
const mcp: McpHandler = mcpHandler({ createServer, mayHear: ({ subject }, { kind }) => subject !== kind });
const sse = mcpLegacySse({
  createServer: (context) => createServer({ ...context, era: 'legacy' }),
  messagesPath: '/messages',
});
app.use('/mcp', basic, sessions, mcp);
app.use(['/sse', '/messages'], basic, sessions, sse);

const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const answers: unknown[] = [];
const modes: readonly VersionNegotiationMode[] = ['auto', 'legacy'];
for (const mode of modes) {
  const headers = { Authorization: `Basic ${btoa('ada:right')}` };
  const client = new Client({ name: 'stranger', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL('/mcp', base), { requestInit: { headers } }),
  );
  const { content } = await client.callTool({ name: 'whoami', arguments: {} });
  const [first] = content as { text: string }[];
  answers.push(first?.text);
  await client.close();
}
mcp.notify.toolsChanged();
console.log(JSON.stringify([...answers, (await fetch(new URL('/mcp', base), { method: 'POST' })).status]));
await mcp.close();
await sse.close();
server.close();
