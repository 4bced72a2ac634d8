export type { Era } from '../handler/create-server.js';
export type { CloseOptions, HandlerOptions } from '../handler/handler-options.js';
export type { StdioOptions, StdioServing } from '../handler/stdio.js';
export { type EraContext, type McpHandler, type McpHandlerOptions, mcpHandler } from './mcp-handler.js';
export { createRequestStateCodec } from './request-state-codec.js';
export { type ServeStdioOptions, serveStdio } from './serve-stdio.js';
