import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Pages } from '../pages/pages.js';
import type { Caller } from '../users/callers.js';
import { registerPageResource } from './page-resource.js';
import { registerEditPage } from './tools/edit-page.js';
import { registerListPages } from './tools/list-pages.js';
import { registerPageHistory } from './tools/page-history.js';
import { registerReadPage } from './tools/read-page.js';
import { registerSearchPages } from './tools/search-pages.js';

/** What a tool may use: the pages, and who is calling now. */
export interface ToolContext {
  readonly pages: Pages;
  caller(): Promise<Caller>;
}

/** One MCP server for one session of one person. */
export function buildWikiServer(context: ToolContext, { user }: Caller): McpServer {
  const server = new McpServer(
    { name: 'wiki', title: 'Team wiki', version: '1.0.0' },
    {
      instructions:
        `A team wiki. You act for ${user.name} (${user.role}): you see what they may see, and edits carry their name. ` +
        'Read a page before you edit it, and pass the revision you read.',
    },
  );
  registerListPages(server, context);
  registerReadPage(server, context);
  registerSearchPages(server, context);
  registerEditPage(server, context);
  registerPageHistory(server, context);
  registerPageResource(server, context);
  return server;
}
