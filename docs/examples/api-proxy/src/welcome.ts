import { ORGANIZATION_HEADER } from './api/api.js';
import { ada, bob, type DemoKey, north, south } from './api/demo-data.js';
import { headersOf } from './api-key.js';

/** What the server says when it is up: where, and how to connect. `isDemo`: with the API of this example behind it. */
export function welcome(url: string, apiUrl: string, isDemo: boolean): string {
  const headers = isDemo
    ? headersOf(ada, north.id)
    : { Authorization: 'Basic …', [ORGANIZATION_HEADER]: '…' };
  const shell = Object.entries(headers).map(([name, value]) => `--header "${name}: ${value}"`);
  const people = `
Two keys to try
  ${lineOf(ada)}: admin in ${north.id}, viewer in ${south.id}
  ${lineOf(bob)}: editor in ${south.id}
`;
  return `
The MCP server is up: ${url}/mcp (HTTP+SSE for clients of old: ${url}/sse)
It calls the API at ${apiUrl}, with the key of each client.
${isDemo ? people : ''}
Claude Code
  claude mcp add --transport http acme ${url}/mcp ${shell.join(' ')}

Cursor (.cursor/mcp.json)
${indent({ mcpServers: { acme: { url: `${url}/mcp`, headers } } })}

VS Code (.vscode/mcp.json)
${indent({ servers: { acme: { type: 'http', url: `${url}/mcp`, headers } } })}

Over stdio, from this folder
  ${stdioEnvironment(apiUrl, isDemo)} npm run --silent stdio

Stop with Ctrl+C.`;
}

const stdioEnvironment = (apiUrl: string, isDemo: boolean): string =>
  isDemo
    ? `API_URL=${apiUrl} ACME_KEY_ID=${ada.keyId} ACME_KEY_SECRET=${ada.secret}`
    : `API_URL=${apiUrl} ACME_KEY_ID=… ACME_KEY_SECRET=…`;

const lineOf = ({ keyId, secret }: DemoKey): string => `${keyId}:${secret}`;
const indent = (value: unknown): string => JSON.stringify(value, null, 2).replace(/^/gm, '  ');
