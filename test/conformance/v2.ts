import {
  type CallToolResult,
  type ElicitRequestFormParams,
  fromJsonSchema,
  type JsonSchemaType,
  McpServer,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { memorySkillFiles, SkillsExtension } from '@modelcontextprotocol/server/ext/skills';
import { z } from 'zod';

import type { McpHandler } from '../../lib/v2/index.js';
import { prompts } from './features/prompts.js';
import { resources, TEMPLATE, templated } from './features/resources.js';
import { type Caller, tools } from './features/tools.js';
import { rounds, serveRounds } from './v2-rounds.js';

const MANIFEST = '---\nname: greeting\ndescription: How to greet\n---\n\nSay hello.\n';
const skills = await SkillsExtension.load(
  memorySkillFiles({ 'greeting/SKILL.md': MANIFEST, 'greeting/words/hello.md': 'Hello\n' }),
);

/** A server of SDK v2 with all that the suite asks for, in either era. */
export function buildV2Server(notify: () => McpHandler['notify']): McpServer {
  const server = new McpServer(
    { name: 'conformance', version: '1' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: rounds.verify },
    },
  );
  serveTools(server);
  serveRounds(server);
  serveChanges(server, notify);
  serveResources(server);
  servePrompts(server);
  skills.attach(server);
  return server;
}

function serveTools(server: McpServer): void {
  for (const [name, { description, inputSchema, run }] of tools) {
    const config = {
      description,
      inputSchema: fromJsonSchema<Record<string, unknown>>(inputSchema as JsonSchemaType),
    };
    server.registerTool(name, config, async (args, context) => {
      const content = [...(await run(callerOf(context), args))];
      return { content } satisfies CallToolResult;
    });
  }
}

function callerOf({ mcpReq, http }: ServerContext): Caller {
  const progressToken = mcpReq._meta?.progressToken;
  // On the stream of this call. By itself the SDK asks on the GET stream, which a client may not have opened yet.
  const related = { relatedRequestId: mcpReq.id };
  return {
    log: (text) => mcpReq.log('info', text),
    async progress(progress) {
      if (progressToken === undefined) return;
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 100 },
      });
    },
    async sample(prompt) {
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
      const { content } = await mcpReq.requestSampling({ messages, maxTokens: 100 }, related);
      return 'text' in content ? content.text : JSON.stringify(content);
    },
    elicit: (message, form) =>
      mcpReq.elicitInput(
        { message, requestedSchema: form as unknown as ElicitRequestFormParams['requestedSchema'] },
        related,
      ),
    closeStream: () => http?.closeSSE?.(),
  };
}

/** Tools that the suite calls to see what open `subscriptions/listen` streams tell. */
function serveChanges(server: McpServer, notify: () => McpHandler['notify']): void {
  const changing = (name: string, change: () => void): void => {
    server.registerTool(name, { description: 'Tells of a change' }, () => {
      change();
      return { content: [{ type: 'text', text: 'Told' }] };
    });
  };
  changing('test_trigger_tool_change', () => notify().toolsChanged());
  changing('test_trigger_prompt_change', () => notify().promptsChanged());
  server.registerTool('test_logging_tool', { description: 'Logs' }, async ({ mcpReq }) => {
    await mcpReq.log('info', 'Logged');
    return { content: [{ type: 'text', text: 'Logged' }] };
  });
}

function serveResources(server: McpServer): void {
  for (const [uri, { name, description, contents }] of resources) {
    const { mimeType } = contents;
    server.registerResource(name, uri, { description, mimeType }, () => ({ contents: [contents] }));
  }
  const { uriTemplate, name, ...metadata } = TEMPLATE;
  server.registerResource(
    name,
    new ResourceTemplate(uriTemplate, { list: undefined }),
    metadata,
    ({ href }, { id }) => ({
      contents: [templated(href, String(id))],
    }),
  );
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

function servePrompts(server: McpServer): void {
  for (const [name, prompt] of prompts) {
    const shape = prompt.arguments.map(({ name: argument, description }) => [
      argument,
      z.string().describe(description),
    ]);
    const argsSchema = z.object(Object.fromEntries(shape) as Record<string, z.ZodString>);
    server.registerPrompt(name, { description: prompt.description, argsSchema }, (args) => ({
      messages: prompt.messages(args).map((content) => ({ role: 'user' as const, content })),
    }));
  }
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: [], total: 0 } }));
}
