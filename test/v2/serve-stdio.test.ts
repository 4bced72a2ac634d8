import { McpServer } from '@modelcontextprotocol/server';

import { currentPrincipal } from '../../lib/index.js';
import { type EraContext, serveStdio } from '../../lib/v2/index.js';
import { type Seen, servesStdio, watched } from '../handler/stdio-suite.js';

servesStdio('v2', {
  ...{ serve: serveStdio, era: 'legacy', unreadable: 'the client could not be served' },
  build: (seen: Seen[]) => (context: EraContext) => {
    const server = new McpServer({ name: 'test', version: '1' });
    server.registerTool('whoami', {}, ({ http }) => ({
      content: [{ type: 'text', text: `${currentPrincipal()?.subject} ${http?.authInfo?.token}` }],
    }));
    return watched(server, context, seen);
  },
});
