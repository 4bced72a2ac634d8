import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { historyLimit, slug } from '../../pages/input.js';
import { revisionView } from '../../pages/view.js';
import { toolResult } from '../result.js';
import { pageRevision } from '../schemas.js';
import type { ToolContext } from '../server.js';

export function registerPageHistory(server: McpServer, { pages, caller }: ToolContext): void {
  server.registerTool(
    'page_history',
    {
      title: 'History of a page',
      description: 'Who changed a page, when and why; newest first.',
      inputSchema: { slug, limit: historyLimit },
      outputSchema: { revisions: z.array(pageRevision) },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    (input) =>
      toolResult(async () => {
        const revisions = (await pages.history(await caller(), input.slug, input.limit)).map(revisionView);
        return { text: revisions.map(line).join('\n'), data: { revisions } };
      }),
  );
}

const line = ({ revision, author, createdAt, summary }: z.infer<typeof pageRevision>): string =>
  `- revision ${revision} by ${author}, ${createdAt}: ${summary || '(no summary)'}`;
