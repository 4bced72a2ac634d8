import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { editFields, slug } from '../../pages/input.js';
import { pageView } from '../../pages/view.js';
import { toolResult } from '../result.js';
import { pageFields } from '../schemas.js';
import type { ToolContext } from '../server.js';

export function registerEditPage(server: McpServer, { pages, caller }: ToolContext): void {
  server.registerTool(
    'edit_page',
    {
      title: 'Edit a page',
      description: 'Replaces the text of a page. Fails with a conflict if the page has a newer revision.',
      inputSchema: { slug, ...editFields },
      outputSchema: pageFields,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    (edit) =>
      toolResult(async () => {
        const page = pageView(await pages.edit(await caller(), edit));
        return { text: `${page.slug} is now at revision ${page.revision}.`, data: { ...page } };
      }),
  );
}
