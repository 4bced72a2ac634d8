import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { CreateServerContext } from 'express-mcp-guards';
import { z } from 'zod';
import { ApiRefusal, apiClient, me, project } from './api-client.js';

/** What a server needs to know of whoever it works for, however they came. */
export type ServerContext = Pick<CreateServerContext, 'principal' | 'credentials'>;

/** One MCP server for one caller. It has no rights of its own: the API decides, by the caller's key. */
export function serverMaker(apiUrl: string): (context: ServerContext) => McpServer {
  return function createServer({ principal, credentials }) {
    const api = apiClient(apiUrl, credentials.fetch);
    const server = new McpServer(
      { name: 'acme', title: 'Acme projects', version: '1.0.0' },
      { instructions: `Projects of the organization ${principal.tenant ?? 'that the key belongs to'}.` },
    );
    server.registerTool(
      'whoami',
      {
        description: 'Who you act for, in which organization, and with which role.',
        outputSchema: me.shape,
        annotations: { readOnlyHint: true },
      },
      () => result(() => api.me()),
    );
    server.registerTool(
      'list_projects',
      {
        description: 'The projects of the organization.',
        outputSchema: { projects: z.array(project) },
        annotations: { readOnlyHint: true },
      },
      () => result(async () => ({ projects: await api.listProjects() })),
    );
    server.registerTool(
      'create_project',
      {
        description: 'Creates a project. Needs the role editor.',
        inputSchema: { name: z.string().describe('1 to 100 characters') },
        outputSchema: project.shape,
      },
      ({ name }) => result(() => api.createProject(name)),
    );
    server.registerTool(
      'delete_project',
      {
        description: 'Deletes a project. Needs the role admin.',
        inputSchema: { id: z.string() },
        outputSchema: { deleted: z.string() },
        annotations: { destructiveHint: true },
      },
      ({ id }) =>
        result(async () => {
          await api.deleteProject(id);
          return { deleted: id };
        }),
    );
    return server;
  };
}

/** What the API refuses is told in its words; what else fails stays here. */
async function result(run: () => Promise<object>): Promise<CallToolResult> {
  try {
    const data = await run();
    return {
      content: [{ type: 'text', text: JSON.stringify(data) }],
      structuredContent: data as Record<string, unknown>,
    };
  } catch (error) {
    const isRefusal = error instanceof ApiRefusal;
    if (!isRefusal) console.error('tool failed:', error);
    const text = isRefusal ? `${error.code}: ${error.message}` : 'unavailable: The API does not answer';
    return { content: [{ type: 'text', text }], isError: true };
  }
}
