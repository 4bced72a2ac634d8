import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { failureText } from './result.js';
import type { ToolContext } from './server.js';

const MARKDOWN = 'text/markdown';

/** Pages as resources, `wiki://pages/{slug}`, for clients that attach documents to a conversation. */
export function registerPageResource(server: McpServer, { pages, caller }: ToolContext): void {
  const template = new ResourceTemplate('wiki://pages/{slug}', {
    list: () =>
      orRefuse(async () => ({
        resources: (await pages.list(await caller())).map(({ slug, title }) => ({
          uri: `wiki://pages/${slug}`,
          name: slug,
          title,
          mimeType: MARKDOWN,
        })),
      })),
  });
  server.registerResource(
    'page',
    template,
    { title: 'Wiki page', description: 'The text of one page', mimeType: MARKDOWN },
    (uri, { slug }) =>
      orRefuse(async () => {
        const page = await pages.read(await caller(), String(slug));
        return { contents: [{ uri: uri.href, mimeType: MARKDOWN, text: page.body }] };
      }),
  );
}

async function orRefuse<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new McpError(ErrorCode.InvalidParams, failureText(error));
  }
}
