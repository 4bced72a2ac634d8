// Both eras on one URL, HTTP+SSE and stdio.
import { McpServer as FirstServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { InMemoryServerEventBus, McpServer, Server } from '@modelcontextprotocol/server';
import express from 'express';
import {
  type CreateServerContext,
  forwardedCredentials,
  type LegacySseOptions,
  mcpLegacySse,
  type StdioServing,
  serveStdio as serveFirst,
} from 'express-mcp-guards';
import {
  createRequestStateCodec,
  type Era,
  type EraContext,
  type McpHandler,
  type McpHandlerOptions,
  mcpHandler,
  serveStdio,
} from 'express-mcp-guards/v2';

const options: McpHandlerOptions = {
  createServer: ({ principal, era, sessionId, credentials, signal }: EraContext) => {
    const which: Era = era;
    signal.throwIfAborted();
    return new McpServer({
      name: [principal.subject, which, sessionId, credentials.get('x')].join(),
      version: '1',
    });
  },
  bus: new InMemoryServerEventBus(),
  mayHear: ({ subject }, event) => event.kind !== 'resource_updated' || event.uri.includes(subject),
  maxBodyBytes: 65_536,
  enableJsonResponse: true,
  keepAliveMs: 15_000,
  createTimeoutMs: 1000,
  failover: false,
  onError: console.error,
};
const mcp: McpHandler = mcpHandler(options);
mcp.notify.resourceUpdated('note://ann');
export const lowLevel = mcpHandler({ createServer: async () => new Server({ name: 'low', version: '1' }) });

const first = ({ principal: { subject } }: CreateServerContext): FirstServer =>
  new FirstServer({ name: subject, version: '1' });
const sse: LegacySseOptions = { createServer: first, messagesPath: '/messages' };
const app = express();
app.use('/mcp', mcp).use(['/sse', '/messages'], mcpLegacySse(sse));
app.use('/second', mcpLegacySse({ ...sse, createServer: options.createServer }));

const principal = { subject: 'ann' };
const credentials = forwardedCredentials({
  headers: { authorization: 'Basic x' },
  upstream: ['https://api.example'],
});
export const serving: Promise<StdioServing> = serveFirst({
  createServer: first,
  principal,
  credentials,
});
export const second: StdioServing = serveStdio({ createServer: options.createServer, principal });
export const closing: Promise<void>[] = [mcp.close({ graceMs: 0 }), second.close()];

const codec = createRequestStateCodec<{ step: number }>({ key: new Uint8Array(32), ttlSeconds: 60 });
export const stepOf = async (state: string): Promise<number> => (await codec.verify(state, {} as never)).step;
