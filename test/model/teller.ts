import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';

import { currentPrincipal, type Principal } from '../../lib/index.js';

/** A server whose one tool tells whom it runs as, by each of the ways to find out; of tokens it says nothing. */
export function tellerFor(principal: Principal): McpServer {
  const server = new McpServer({ name: 'teller', version: '1' });
  server.registerTool('whoami', {}, ({ authInfo }) => {
    const { subject } = (authInfo?.extra?.principal as Principal | undefined) ?? {};
    const text = JSON.stringify({
      created: principal.subject,
      current: currentPrincipal()?.subject,
      subject,
    });
    return { content: [{ type: 'text', text }] };
  });
  return server;
}
