import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { summaryView } from '../../pages/view.js';
import { toolResult } from '../result.js';
import { pageSummary } from '../schemas.js';
import type { ToolContext } from '../server.js';

export function registerListPages(server: McpServer, { pages, caller }: ToolContext): void {
  server.registerTool(
    'list_pages',
    {
      title: 'List pages',
      description: 'Every page you may read, by slug.',
      inputSchema: {},
      outputSchema: { pages: z.array(pageSummary) },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    () =>
      toolResult(async () => {
        const found = (await pages.list(await caller())).map(summaryView);
        return { text: found.map(line).join('\n') || 'No pages.', data: { pages: found } };
      }),
  );
}

const line = ({ slug, title, revision }: z.infer<typeof pageSummary>): string =>
  `- ${slug}: ${title} (revision ${revision})`;
