import { McpServer } from '@modelcontextprotocol/server';

import { currentPrincipal, forwardedCredentials, type Principal } from '../../../lib/index.js';
import { serveStdio } from '../../../lib/v2/index.js';

serveStdio({
  principal: { subject: String(process.env.WHO), token: 'issued' },
  credentials: forwardedCredentials({ headers: { 'X-Api-Key': String(process.env.KEY) } }),
  createServer({ principal, sessionId, credentials, signal, era }) {
    const server = new McpServer({ name: 'test', version: '1' });
    server.registerTool('whoami', {}, ({ http }) => {
      const seen = {
        era,
        created: principal.subject,
        current: currentPrincipal()?.subject,
        subject: (http?.authInfo?.extra?.principal as Principal | undefined)?.subject,
        token: http?.authInfo?.token,
        key: credentials.get('x-api-key'),
        sessionId: sessionId ?? null,
        isAborted: signal.aborted,
      };
      return { content: [{ type: 'text', text: JSON.stringify(seen) }] };
    });
    signal.addEventListener('abort', () => process.stderr.write(`over, ${credentials.get('x-api-key')}\n`), {
      once: true,
    });
    return server;
  },
});
