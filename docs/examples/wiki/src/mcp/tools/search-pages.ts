import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { searchFields } from '../../pages/input.js';
import { matchView } from '../../pages/view.js';
import { toolResult } from '../result.js';
import { pageMatch } from '../schemas.js';
import type { ToolContext } from '../server.js';

export function registerSearchPages(server: McpServer, { pages, caller }: ToolContext): void {
  server.registerTool(
    'search_pages',
    {
      title: 'Search pages',
      description: 'Pages you may read that contain a text in their title or body.',
      inputSchema: searchFields,
      outputSchema: { matches: z.array(pageMatch) },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ text, limit }) =>
      toolResult(async () => {
        const matches = (await pages.search(await caller(), text, limit)).map(matchView);
        return { text: matches.map(line).join('\n') || 'Nothing found.', data: { matches } };
      }),
  );
}

const line = ({ slug, title, excerpt }: z.infer<typeof pageMatch>): string =>
  `- ${slug}: ${title}: ${excerpt}`;
