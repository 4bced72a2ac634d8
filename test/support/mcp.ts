import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';

import { currentPrincipal, type Principal } from '../../lib/index.js';

/** What the tool `whoami` has seen of its caller. */
export interface Seen {
  readonly created: string;
  readonly current: string | undefined;
  readonly token: string | undefined;
  readonly subject: string | undefined;
  readonly headers: readonly string[];
}

/** A server with tools that tell whom they run for. `onRun` hears of every tool that runs. */
export function buildServer(principal: Principal, onRun: (tool: string) => unknown = () => {}): McpServer {
  const server = new McpServer({ name: 'test', version: '1' }, { capabilities: { logging: {} } });
  server.registerTool('whoami', {}, async ({ authInfo, requestInfo }) => {
    await onRun('whoami');
    const seen: Seen = {
      created: principal.subject,
      current: currentPrincipal()?.subject,
      token: authInfo?.token,
      subject: (authInfo?.extra?.principal as Principal | undefined)?.subject,
      headers: Object.keys(requestInfo?.headers ?? {}),
    };
    return { content: [{ type: 'text', text: JSON.stringify(seen) }] };
  });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, async ({ text }) => {
    await onRun('echo');
    return { content: [{ type: 'text', text }] };
  });
  return server;
}
