import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import { type CreateServerContext, currentPrincipal, serveStdio } from '../../lib/index.js';
import { until } from '../support/gate.js';
import { catchWarnings } from '../support/warnings.js';
import { PRINCIPAL, type Seen, servesStdio, standardStreams, watched } from './stdio-suite.js';

const build =
  (seen: Seen[]) =>
  (context: CreateServerContext): McpServer => {
    const server = new McpServer({ name: 'test', version: '1' });
    server.registerTool('whoami', {}, ({ authInfo }) => ({
      content: [{ type: 'text', text: `${currentPrincipal()?.subject} ${authInfo?.token}` }],
    }));
    return watched(server, context, seen);
  };

servesStdio('v1', {
  ...{ serve: serveStdio, build, era: undefined },
  unreadable: 'a message could not be read',
});

describe('serveStdio of v1, whose client has gone', () => {
  const LEAVING: Readonly<Record<string, (io: ReturnType<typeof standardStreams>) => unknown>> = {
    'its input ends, and stays open': ({ stdin }) => stdin.emit('end'),
    'its input is cut off': ({ stdin }) => stdin.destroy(),
    'its output breaks': ({ stdout }) => stdout.emit('error', new Error('EPIPE')),
    'its output breaks again and again': ({ stdout }) => {
      for (let time = 0; time < 3; time += 1) stdout.emit('error', new Error('EPIPE'));
    },
  };
  for (const [what, leave] of Object.entries(LEAVING)) {
    it(`ends where ${what}`, async () => {
      using io = standardStreams();
      const seen: Seen[] = [];
      await serveStdio({ createServer: build(seen), principal: PRINCIPAL });
      leave(io);
      await until('it is over', () => seen[0]?.closed === 1);
      expect(seen[0]?.context.signal.aborted).to.equal(true);
    });
  }

  it('tells of a server that cannot be closed, and rejects nowhere', async () => {
    using io = standardStreams();
    using warnings = catchWarnings();
    const seen: Seen[] = [];
    await serveStdio({ createServer: build(seen), principal: PRINCIPAL });
    const [one] = seen;
    if (one) one.failure = new RangeError('s3cret');
    io.stdin.end();
    await until('it is told', () => warnings.texts.length > 0);
    expect(warnings.texts.join()).to.include('the server could not be closed (RangeError)');
    expect(warnings.texts.join()).to.not.include('s3cret');
  });

  it('leaves standard input to others where there is no server', async () => {
    using io = standardStreams();
    const createServer = (): never => {
      throw new Error('no server');
    };
    const error = await serveStdio({ createServer, principal: PRINCIPAL }).catch((reason: unknown) => reason);
    expect(String(error)).to.equal('Error: no server');
    expect(['end', 'close'].map((event) => io.stdin.listenerCount(event))).to.deep.equal([0, 0]);
  });
});
