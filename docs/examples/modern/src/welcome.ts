import { ada, bob } from './notes/users.js';

/** What the server says when it is up: where, and how to connect. `tokens`: by user id. */
export function welcome(url: string, tokens: Readonly<Record<string, string>>): string {
  const headers = { Authorization: `Bearer ${tokens[ada.id]}` };
  return `
The notes are up: ${url}/mcp
Clients of 2026-07-28 and of the 2025 era connect to this one URL.

Two people to try, with tokens for eight hours
  ${ada.name}  ${tokens[ada.id]}
  ${bob.name}  ${tokens[bob.id]}

Claude Code, as ${ada.name}
  claude mcp add --transport http notes ${url}/mcp --header "Authorization: ${headers.Authorization}"

Cursor (.cursor/mcp.json)
${indent({ mcpServers: { notes: { url: `${url}/mcp`, headers } } })}

VS Code (.vscode/mcp.json)
${indent({ servers: { notes: { type: 'http', url: `${url}/mcp`, headers } } })}

Stop with Ctrl+C.`;
}

const indent = (value: unknown): string => JSON.stringify(value, null, 2).replace(/^/gm, '  ');
