import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  CompleteRequestSchema,
  type ElicitRequestFormParams,
  ErrorCode,
  GetPromptRequestSchema,
  type GetPromptResult,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  type ListToolsResult,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { prompts } from './features/prompts.js';
import { readTemplated, resources, TEMPLATE } from './features/resources.js';
import { type Caller, tools } from './features/tools.js';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A server of SDK v1 with all that the suite asks for. Low-level, since its schemas must stay as they are. */
export function buildV1Server(): Server {
  const server = new Server(
    { name: 'conformance', version: '1' },
    {
      capabilities: {
        tools: {},
        resources: { subscribe: true },
        prompts: {},
        logging: {},
        completions: {},
      },
    },
  );
  serveTools(server);
  serveResources(server);
  servePrompts(server);
  return server;
}

function serveTools(server: Server): void {
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [...tools].map(([name, { description, inputSchema }]) => ({
      name,
      description,
      inputSchema: inputSchema as ListToolsResult['tools'][number]['inputSchema'],
    })),
  }));
  server.setRequestHandler(
    CallToolRequestSchema,
    async ({ params: { name, arguments: args = {} } }, extra) => {
      const tool = tools.get(name);
      if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}`);
      try {
        return { content: [...(await tool.run(callerOf(server, extra), args))] } satisfies CallToolResult;
      } catch (error) {
        return { isError: true, content: [{ type: 'text', text: (error as Error).message }] };
      }
    },
  );
}

function callerOf(server: Server, extra: Extra): Caller {
  const options = { relatedRequestId: extra.requestId };
  const progressToken = extra._meta?.progressToken;
  return {
    log: (data) =>
      extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } }),
    async progress(progress) {
      if (progressToken === undefined) return;
      const params = { progressToken, progress, total: 100 };
      await extra.sendNotification({ method: 'notifications/progress', params });
    },
    async sample(prompt) {
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
      const { content } = await server.createMessage({ messages, maxTokens: 100 }, options);
      return 'text' in content ? content.text : content.type;
    },
    elicit: (message, form) =>
      server.elicitInput(
        { message, requestedSchema: form as ElicitRequestFormParams['requestedSchema'] },
        options,
      ),
    closeStream: () => extra.closeSSEStream?.(),
  };
}

function serveResources(server: Server): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: [...resources].map(
      ([
        uri,
        {
          name,
          description,
          contents: { mimeType },
        },
      ]) => ({
        uri,
        name,
        description,
        mimeType,
      }),
    ),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [TEMPLATE] }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
    const contents = resources.get(uri)?.contents ?? readTemplated(uri);
    if (!contents) throw new McpError(-32002, 'Resource not found', { uri });
    return { contents: [contents] };
  });
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
}

function servePrompts(server: Server): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: [...prompts].map(([name, prompt]) => ({
      name,
      description: prompt.description,
      arguments: [...prompt.arguments],
    })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params: { name, arguments: args = {} } }) => {
    const prompt = prompts.get(name);
    if (!prompt) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${name}`);
    const messages = prompt.messages(args).map((content) => ({ role: 'user' as const, content }));
    return { messages } satisfies GetPromptResult;
  });
  server.setRequestHandler(CompleteRequestSchema, () => ({ completion: { values: [], total: 0 } }));
}
