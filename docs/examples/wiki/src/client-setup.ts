/** What a client needs to sign in. */
export interface ClientLogin {
  /** Of the wiki, without a path. */
  readonly url: string;
  readonly email: string;
  readonly password: string;
  /** Whether the wiki asks for `X-MCP-Token`: then clients take it from the variable MCP_TOKEN. */
  readonly needsMcpToken: boolean;
}

/** VS Code asks for it once and keeps it in its own secret storage. */
const mcpTokenInput = {
  type: 'promptString',
  id: 'mcp-token',
  description: 'MCP token',
  password: true,
} as const;

/** Configurations to paste, one per client. The header is the same everywhere: HTTP Basic. */
export function clientSetup(login: ClientLogin): string {
  const endpoint = `${login.url}/mcp`;
  const basic = `Basic ${Buffer.from(`${login.email}:${login.password}`, 'utf8').toString('base64')}`;
  const shellHeaders = shellArguments('--header', basic, login.needsMcpToken);
  const headersWith = (mcpToken: string) => ({
    Authorization: basic,
    ...(login.needsMcpToken && { 'X-MCP-Token': mcpToken }),
  });
  const cursorConfig = pretty({
    mcpServers: { wiki: { url: endpoint, headers: headersWith(`\${env:MCP_TOKEN}`) } },
  });
  const vsCodeConfig = pretty({
    ...(login.needsMcpToken && { inputs: [mcpTokenInput] }),
    servers: { wiki: { type: 'http', url: endpoint, headers: headersWith(`\${input:${mcpTokenInput.id}}`) } },
  });
  const sections: readonly (readonly [title: string, text: string])[] = [
    ['Claude Code', `claude mcp add --transport http wiki ${endpoint} ${shellHeaders}`],
    ['Cursor (.cursor/mcp.json)', cursorConfig],
    ['VS Code (.vscode/mcp.json)', vsCodeConfig],
    [
      'MCP Inspector (wants Node 22.19 or later)',
      `npx -y @modelcontextprotocol/inspector@latest --cli ${endpoint} --transport http --method tools/list ${shellHeaders}`,
    ],
    ['curl', curl(endpoint, login)],
  ];
  return sections.map(([title, text]) => `${title}\n${indent(text)}`).join('\n\n');
}

function shellArguments(flag: string, basic: string, needsMcpToken: boolean): string {
  const headers = [`Authorization: ${basic}`, ...(needsMcpToken ? ['X-MCP-Token: $MCP_TOKEN'] : [])];
  return headers.map((header) => `${flag} "${header}"`).join(' ');
}

function curl(endpoint: string, { email, password, needsMcpToken }: ClientLogin): string {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'curl', version: '1' } },
  };
  return [
    `curl -i -u ${quoted(`${email}:${password}`)} ${endpoint} \\`,
    ...(needsMcpToken ? ['  -H "X-MCP-Token: $MCP_TOKEN" \\'] : []),
    "  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\",
    `  -d '${JSON.stringify(initialize)}'`,
  ].join('\n');
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
const indent = (text: string): string => text.replace(/^/gm, '  ');
