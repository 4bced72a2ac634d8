import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import { answeredStream } from '../../lib/handler/answered-streams.js';
import type { SdkTransport } from '../../lib/handler/sdk.js';
import { toolCall } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { begin, type Session } from '../support/session.js';

interface Kept {
  readonly _streamMapping: ReadonlyMap<string, unknown>;
}

describe('What the SDK keeps of calls that it answers with JSON', () => {
  /** A session in JSON mode, and how many requests the SDK keeps for it. */
  async function jsonSession(
    use: (session: Session, kept: () => number, running: () => number) => Promise<void>,
    protocolVersion?: string,
  ): Promise<void> {
    const made: McpServer[] = [];
    const held = gate<void>();
    let running = 0;
    await using app = await guarded({
      handler: { enableJsonResponse: true },
      createServer: ({ principal }) => {
        const server = buildServer(principal);
        server.registerTool('waits', {}, async () => {
          running += 1;
          await held.opened;
          return { content: [] };
        });
        made.push(server);
        return server;
      },
    });
    const session = await begin(app.url, as('ann'), protocolVersion);
    const [{ server }] = made as [McpServer];
    const kept = (): number => (server.transport as unknown as Kept)._streamMapping.size;
    await use(session, kept, () => running);
    held.open();
  }

  it('is freed when they are answered, and not when the session ends', () =>
    jsonSession(async (session, kept) => {
      for (let n = 0; n < 20; n += 1) expect(await session.tool('whoami')).to.include('ann');
      expect(kept()).to.equal(0);
    }));

  it('is freed with the last answer of a batch', () =>
    jsonSession(async (session, kept) => {
      const { text } = await session.send([toolCall('whoami', {}, 1), toolCall('whoami', {}, 2)]);
      expect(JSON.parse(text)).to.have.length(2);
      expect(kept()).to.equal(0);
    }, '2025-03-26'));

  it('is kept for a call that runs, and freed when that is cancelled', () =>
    jsonSession(async (session, kept, running) => {
      const calling = session.send(toolCall('waits', {}, 7));
      await until('it runs', () => running() === 1);
      await session.tool('whoami');
      expect(kept()).to.equal(1);
      const params = { requestId: 7 };
      await session.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
      await calling;
      await until('it is freed', () => kept() === 0);
    }));

  it('is let alone where it is not as expected', () => {
    const freed: string[] = [];
    const cleanup = () => void freed.push('stream');
    const transport = (parts: object) => parts as SdkTransport;
    const calls = new Map([[1, 'stream']]);
    answeredStream(transport({}), 1)();
    answeredStream(transport({ _requestToStreamMapping: new Map(calls) }), 2)();
    const gone = (parts: object) => {
      const streams = new Map(calls);
      const free = answeredStream(transport({ _requestToStreamMapping: streams, ...parts }), 1);
      streams.delete(1);
      free();
    };
    gone({});
    gone({ _streamMapping: new Map() });
    gone({ _streamMapping: new Map([['stream', {}]]) });
    answeredStream(
      transport({ _requestToStreamMapping: calls, _streamMapping: new Map([['stream', { cleanup }]]) }),
      1,
    )();
    expect(freed, 'the other half of a batch is still to be answered').to.deep.equal([]);
    gone({ _streamMapping: new Map([['stream', { cleanup }]]) });
    expect(freed).to.deep.equal(['stream']);
  });
});
