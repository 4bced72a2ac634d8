import { expect } from 'chai';

import {
  cancelled,
  initialize,
  initialized,
  LEGACY,
  type Message,
  MODERN,
  opening,
  ping,
  toolsList,
} from '../../lib/audit/messages.js';

/** What is sent, without the id, which is another each time. */
function sent({ id, body, headers }: Message): readonly unknown[] {
  const { id: own, ...message } = JSON.parse(body) as { readonly id?: string };
  expect(own).to.equal(id);
  return [message, headers];
}

const CLIENT = { name: 'express-mcp-guards-audit', version: '1' };
const IN_SESSION = [['MCP-Protocol-Version', '2025-11-25']];

const modern = (method: string): readonly unknown[] => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return [
    { jsonrpc: '2.0', method, params: { _meta } },
    [
      ['MCP-Protocol-Version', '2026-07-28'],
      ['Mcp-Method', method],
    ],
  ];
};

describe('the messages of an audit', () => {
  it('have an id of their own, but for notifications', () => {
    const [one, other] = [ping(), ping()];
    expect(one.id).to.match(/^audit-\d+$/);
    const numberOf = ({ id = '' }: Message): number => Number(id.slice('audit-'.length));
    expect(numberOf(other)).to.equal(numberOf(one) + 1);
    expect([initialized().id, cancelled().id]).to.deep.equal([undefined, undefined]);
  });

  it('are those of 2025-11-25', () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT };
    const beginning = [{ jsonrpc: '2.0', method: 'initialize', params }, []];
    expect(sent(initialize())).to.deep.equal(beginning);
    expect(sent(opening(LEGACY))).to.deep.equal(beginning);
    expect(sent(ping())).to.deep.equal([{ jsonrpc: '2.0', method: 'ping' }, IN_SESSION]);
    const tools = { jsonrpc: '2.0', method: 'tools/list', params: {} };
    expect(sent(toolsList(LEGACY))).to.deep.equal([tools, IN_SESSION]);
    expect(sent(initialized())).to.deep.equal([
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      IN_SESSION,
    ]);
    const [cancelling, headers] = sent(cancelled());
    expect(cancelling)
      .to.have.nested.property('params.requestId')
      .that.matches(/^audit-\d+$/);
    expect(cancelling).to.include({ jsonrpc: '2.0', method: 'notifications/cancelled' });
    expect(headers).to.deep.equal(IN_SESSION);
  });

  it('are those of 2026-07-28', () => {
    expect(sent(opening(MODERN))).to.deep.equal(modern('server/discover'));
    expect(sent(toolsList(MODERN))).to.deep.equal(modern('tools/list'));
  });

  it('name what they ask for', () => {
    expect([initialize(), ping(), cancelled(), opening(MODERN)].map(({ method }) => method)).to.deep.equal([
      ...['initialize', 'ping', 'notifications/cancelled', 'server/discover'],
    ]);
  });
});
