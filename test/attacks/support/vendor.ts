import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { RequestHandler } from 'express';
import { z } from 'zod';

import {
  type CreateServerContext,
  type ForwardedCredentialsOptions,
  type McpHandlerOptions,
  mcpForwardedCredentials,
  mcpHandler,
  mcpSessionBinding,
} from '../../../lib/index.js';
import { type Served, serve } from '../../support/serve.js';
import { sent, type Upstream, upstream } from '../../support/upstream.js';
import type { Headers } from './stand.js';

/** Four callers of one vendor: two keys, each for two organisations. */
export const CALLERS: Readonly<Record<string, Headers>> = {
  'ada north': { authorization: 'Basic YWRhOm9uZQ==', 'x-acme-organization-id': 'north' },
  'ada south': { authorization: 'Basic YWRhOm9uZQ==', 'x-acme-organization-id': 'south' },
  'bob north': { authorization: 'Basic Ym9iOnR3bw==', 'x-acme-organization-id': 'north' },
  'bob south': { authorization: 'Basic Ym9iOnR3bw==', 'x-acme-organization-id': 'south' },
};

/** Answers who the headers stand for, in its own time; `/away?to=…` redirects there. */
export function vendorApi(): Promise<Upstream> {
  return upstream((request, response) => {
    const [authorization] = sent(request, 'authorization');
    const [organisation] = sent(request, 'x-acme-organization-id');
    const { pathname, searchParams } = new URL(request.url, 'http://api');
    const found = Object.entries(CALLERS).find(
      ([, headers]) =>
        headers.authorization === authorization && headers['x-acme-organization-id'] === organisation,
    );
    const location = searchParams.get('to');
    setTimeout(() => {
      if (pathname === '/away' && location) response.writeHead(307, { location }).end();
      else response.writeHead(found ? 200 : 401).end(found?.[0] ?? 'nobody');
    }, Math.random() * 5);
  });
}

export interface VendorOptions {
  readonly api: string;
  readonly guard?: Partial<ForwardedCredentialsOptions>;
  readonly handler?: Partial<McpHandlerOptions>;
  readonly isStateless?: boolean;
  readonly before?: readonly RequestHandler[];
  readonly onServer?: (context: CreateServerContext) => unknown;
  readonly onRun?: (tool: string) => unknown;
}

/** A vendor's MCP server: its tools call the API with what the client brought. */
export async function vendor(options: VendorOptions): Promise<Served> {
  const { api, isStateless = false, before = [], onServer, onRun } = options;
  const sessions = mcpSessionBinding();
  const handler = mcpHandler({
    enableJsonResponse: true,
    async createServer(context) {
      await onServer?.(context);
      return vendorServer(context, api, onRun);
    },
    ...options.handler,
  });
  const guard = mcpForwardedCredentials({
    headers: ['Authorization', 'X-Acme-Organization-Id'],
    required: ['Authorization'],
    upstream: [api],
    ...options.guard,
  });
  const served = await serve(...before, guard, ...(isStateless ? [] : [sessions]), handler);
  return {
    ...served,
    async [Symbol.asyncDispose]() {
      await handler.close({ graceMs: 0 });
      await sessions.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

function vendorServer(
  { credentials }: CreateServerContext,
  api: string,
  onRun: (tool: string) => unknown = () => {},
): McpServer {
  const server = new McpServer({ name: 'vendor', version: '1' });
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });
  server.registerTool('me', { inputSchema: { id: z.string().optional() } }, async ({ id = '' }) => {
    await onRun('me');
    // Whoever else runs meanwhile does not change who this is.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    const read = credentials.get('authorization');
    const response = await credentials.fetch(`${api}/me?id=${encodeURIComponent(id)}`);
    return text(`${id} ${await response.text()} ${read === credentials.get('Authorization')}`);
  });
  server.registerTool('call', { inputSchema: { url: z.string() } }, async ({ url }) => {
    await onRun('call');
    return text(await (await credentials.fetch(url)).text());
  });
  server.registerTool('seen', {}, ({ requestInfo, authInfo }) =>
    text(JSON.stringify([requestInfo?.headers, authInfo, authInfo?.token])),
  );
  return server;
}
