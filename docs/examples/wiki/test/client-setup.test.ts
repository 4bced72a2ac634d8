import { expect } from 'chai';
import { clientSetup } from '../src/client-setup.js';

const login = {
  url: 'http://127.0.0.1:3000',
  email: 'alice@wiki.example',
  password: 'rain:in:spain',
  needsMcpToken: false,
};
const AUTHORIZATION = 'Basic YWxpY2VAd2lraS5leGFtcGxlOnJhaW46aW46c3BhaW4=';

/** The JSON under a heading, parsed. */
function jsonUnder(heading: string, setup: string): unknown {
  const [, after = ''] = setup.split(`${heading}\n`);
  return JSON.parse(after.split('\n\n')[0] ?? '');
}

describe('client configurations', () => {
  it('carry the same header for each client', () => {
    const setup = clientSetup(login);
    expect(setup).to.include(
      `claude mcp add --transport http wiki http://127.0.0.1:3000/mcp --header "Authorization: ${AUTHORIZATION}"`,
    );
    expect(setup).to.include(
      `--cli http://127.0.0.1:3000/mcp --transport http --method tools/list --header "Authorization: ${AUTHORIZATION}"`,
    );
    expect(setup).to.include(`curl -i -u 'alice@wiki.example:rain:in:spain' http://127.0.0.1:3000/mcp`);
    expect(jsonUnder('Cursor (.cursor/mcp.json)', setup)).to.deep.equal({
      mcpServers: { wiki: { url: 'http://127.0.0.1:3000/mcp', headers: { Authorization: AUTHORIZATION } } },
    });
    expect(jsonUnder('VS Code (.vscode/mcp.json)', setup)).to.deep.equal({
      servers: {
        wiki: { type: 'http', url: 'http://127.0.0.1:3000/mcp', headers: { Authorization: AUTHORIZATION } },
      },
    });
    expect(setup).not.to.include('MCP-Token').and.not.to.include('MCP_TOKEN');
  });

  it('refer to the shared token by its variable, never by its value', () => {
    const setup = clientSetup({ ...login, needsMcpToken: true });
    for (const reference of [
      '--header "X-MCP-Token: $MCP_TOKEN"',
      '-H "X-MCP-Token: $MCP_TOKEN"',
      `"X-MCP-Token": "\${env:MCP_TOKEN}"`,
      `"X-MCP-Token": "\${input:mcp-token}"`,
    ]) {
      expect(setup).to.include(reference);
    }
    const vsCode = jsonUnder('VS Code (.vscode/mcp.json)', setup);
    expect(vsCode).to.have.nested.property('inputs[0].id', 'mcp-token');
  });

  it('survive a quote in the password', () => {
    expect(clientSetup({ ...login, password: "it's" })).to.include(`-u 'alice@wiki.example:it'\\''s'`);
  });
});
