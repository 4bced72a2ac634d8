import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { slug } from '../../pages/input.js';
import { pageView } from '../../pages/view.js';
import { toolResult } from '../result.js';
import { pageFields } from '../schemas.js';
import type { ToolContext } from '../server.js';

export function registerReadPage(server: McpServer, { pages, caller }: ToolContext): void {
  server.registerTool(
    'read_page',
    {
      title: 'Read a page',
      description: 'The text of one page, and the revision to name when you edit it.',
      inputSchema: { slug },
      outputSchema: pageFields,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    (input) =>
      toolResult(async () => {
        const page = pageView(await pages.read(await caller(), input.slug));
        const head = `${page.title} (${page.slug}, revision ${page.revision} by ${page.updatedBy})`;
        return { text: `${head}\n\n${page.body}`, data: { ...page } };
      }),
  );
}
