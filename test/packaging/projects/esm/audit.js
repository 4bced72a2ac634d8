// The audit within a test: nothing on an app that is guarded, an AssertionError on one that is not.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import express from 'express';
import { mcpBasicAuth, mcpHandler, mcpOriginGuard, mcpSessionBinding } from 'express-mcp-guards';
import { assertGuarded } from 'express-mcp-guards/testing';

const verifier = ({ username, password }) => (password === 'right' ? { subject: username } : null);
const guards = [mcpBasicAuth({ verifier }), mcpSessionBinding()];
const mcp = mcpHandler({ createServer: () => new McpServer({ name: 'wiki', version: '1.0.0' }) });
const options = {
  credentials: { username: 'ada', password: 'right' },
  otherCredentials: { username: 'bob', password: 'right' },
};

const guarded = express()
  .disable('x-powered-by')
  .use('/mcp', mcpOriginGuard(), ...guards, mcp);
const { findings } = await assertGuarded(guarded, options);
const unguarded = express().use('/mcp', ...guards, mcp);
const { name } = await assertGuarded(unguarded, options).catch((error) => error);
console.log(JSON.stringify([findings, name]));
await mcp.close();
