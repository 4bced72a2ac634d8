import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';

import { currentPrincipal, forwardedCredentials, type Principal, serveStdio } from '../../../lib/index.js';

await serveStdio({
  principal: { subject: String(process.env.WHO), token: 'issued' },
  credentials: forwardedCredentials({ headers: { 'X-Api-Key': String(process.env.KEY) } }),
  createServer({ principal, sessionId, credentials, signal }) {
    const server = new McpServer({ name: 'test', version: '1' });
    server.registerTool('whoami', {}, ({ authInfo }) => {
      const seen = {
        era: 'legacy',
        created: principal.subject,
        current: currentPrincipal()?.subject,
        subject: (authInfo?.extra?.principal as Principal | undefined)?.subject,
        token: authInfo?.token,
        key: credentials.get('x-api-key'),
        sessionId: sessionId ?? null,
        isAborted: signal.aborted,
      };
      return { content: [{ type: 'text', text: JSON.stringify(seen) }] };
    });
    signal.addEventListener('abort', () => process.stderr.write(`over, ${credentials.get('x-api-key')}\n`));
    // Something that would keep the process alive, were it not told that it is over.
    const timer = setInterval(() => {}, 1000);
    signal.addEventListener('abort', () => clearInterval(timer));
    return server;
  },
});
