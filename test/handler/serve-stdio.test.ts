import { PassThrough } from 'node:stream';

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as McpServerV2 } from '@modelcontextprotocol/server';
import { expect } from 'chai';

import { type CreateServerContext, currentPrincipal, serveStdio } from '../../lib/index.js';
import { type EraContext, serveStdio as serveStdioV2 } from '../../lib/v2/index.js';
import { initialize, toolCall } from '../support/call.js';
import { until } from '../support/gate.js';
import { bad } from '../support/options.js';
import { catchWarnings } from '../support/warnings.js';

const principal = { subject: 'ann', token: 'issued' };

/** Standard input and output of this process, for as long as it is not disposed. */
function standardStreams() {
  const own = {
    stdin: Object.getOwnPropertyDescriptor(process, 'stdin') as PropertyDescriptor,
    stdout: Object.getOwnPropertyDescriptor(process, 'stdout') as PropertyDescriptor,
  };
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  Object.defineProperty(process, 'stdin', { configurable: true, get: () => stdin });
  Object.defineProperty(process, 'stdout', { configurable: true, get: () => stdout });
  let text = '';
  stdout.on('data', (chunk) => {
    text += chunk;
  });
  return {
    stdin,
    stdout,
    send: (message: unknown) => stdin.write(`${JSON.stringify(message)}\n`),
    answers: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { id?: unknown; result?: unknown }),
    [Symbol.dispose]() {
      Object.defineProperty(process, 'stdin', own.stdin);
      Object.defineProperty(process, 'stdout', own.stdout);
    },
  };
}

interface Seen {
  readonly context: CreateServerContext & Partial<EraContext>;
  closed: number;
  failure: Error | undefined;
}

const WAYS = {
  v1: (onError?: (error: unknown) => void) => {
    const seen: Seen[] = [];
    const createServer = (context: CreateServerContext): McpServer => {
      const server = new McpServer({ name: 'test', version: '1' });
      server.registerTool('whoami', {}, ({ authInfo }) => ({
        content: [{ type: 'text', text: `${currentPrincipal()?.subject} ${authInfo?.token}` }],
      }));
      return watched(server, context, seen);
    };
    return { seen, serve: () => serveStdio({ createServer, principal, ...(onError && { onError }) }) };
  },
  v2: (onError?: (error: unknown) => void) => {
    const seen: Seen[] = [];
    const createServer = (context: EraContext): McpServerV2 => {
      const server = new McpServerV2({ name: 'test', version: '1' });
      server.registerTool('whoami', {}, ({ http }) => ({
        content: [{ type: 'text', text: `${currentPrincipal()?.subject} ${http?.authInfo?.token}` }],
      }));
      return watched(server, context, seen);
    };
    const options = { createServer, principal, ...(onError && { onError }) };
    return { seen, serve: async () => serveStdioV2(options) };
  },
};

function watched<S extends { close(): Promise<void> }>(server: S, context: Seen['context'], seen: Seen[]): S {
  const one: Seen = { context, closed: 0, failure: undefined };
  seen.push(one);
  const close = server.close.bind(server);
  server.close = async () => {
    one.closed += 1;
    await close();
    if (one.failure) throw one.failure;
  };
  return server;
}

type Way = ReturnType<(typeof WAYS)['v1']>;

for (const [name, way] of Object.entries(WAYS)) {
  describe(`serveStdio of ${name}, in this process`, () => {
    /** Serves, and has had the answer of a tool. */
    async function serving(io: ReturnType<typeof standardStreams>, { serve, seen }: Way) {
      const served = await serve();
      io.send(initialize(1));
      io.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
      io.send(toolCall('whoami', {}, 2));
      await until('it has answered', () => io.answers().some(({ id }) => id === 2));
      return { served, one: seen[0] as Seen };
    }

    it('runs as the caller, and tells who that is', async () => {
      using io = standardStreams();
      const { served, one } = await serving(io, way());
      const answer = io.answers().find(({ id }) => id === 2);
      expect(answer?.result).to.deep.include({ content: [{ type: 'text', text: 'ann issued' }] });
      expect(one.context.principal).to.deep.include(principal);
      expect([one.context.sessionId, one.context.signal.aborted]).to.deep.equal([undefined, false]);
      if (name === 'v2') expect(one.context.era).to.equal('legacy');
      await served.close();
    });

    it('ends when it is closed, once, and listens to nothing any more', async () => {
      using io = standardStreams();
      const before = ['end', 'close'].map((event) => io.stdin.listenerCount(event));
      const { served, one } = await serving(io, way());
      await Promise.all([served.close(), served.close()]);
      await served.close();
      expect(one.context.signal.aborted).to.equal(true);
      expect(one.closed).to.equal(1);
      expect(['end', 'close'].map((event) => io.stdin.listenerCount(event))).to.deep.equal(before);
    });

    it('ends with its input', async () => {
      using io = standardStreams();
      const { one } = await serving(io, way());
      io.stdin.end();
      await until('it is over', () => one.context.signal.aborted && one.closed > 0);
    });

    it('tells of what it cannot read, or warns of that', async () => {
      const errors: unknown[] = [];
      for (const onError of [(error: unknown) => void errors.push(error), undefined]) {
        using io = standardStreams();
        using warnings = catchWarnings();
        const { served } = await serving(io, way(onError));
        io.stdin.write('{"jsonrpc":"2.0","id":[]}\n');
        await until('it is told', () => (onError ? errors.length > 0 : warnings.texts.length > 0));
        if (!onError) {
          const what = name === 'v1' ? 'a message could not be read' : 'the client could not be served';
          expect(warnings.texts.join()).to.include(`serveStdio: ${what}`).and.not.include('"id"');
        }
        await served.close();
      }
    });
  });
}

describe('serveStdio', () => {
  const createServer = () => new McpServer({ name: 'test', version: '1' });
  for (const [name, serve] of Object.entries({ v1: serveStdio, v2: serveStdioV2 })) {
    it(`of ${name} refuses bad options`, async () => {
      for (const [option, values] of Object.entries({
        createServer: bad.callback,
        principal: [undefined, null, {}, { subject: '' }, 'ann'],
        credentials: [null, {}, { get() {} }, { fetch() {} }, 'key'],
        onError: bad.callback,
        constructor: [1],
      })) {
        for (const value of values) {
          const options = { createServer, principal, [option]: value };
          const error = await (async () => serve(options as never))().catch((reason: unknown) => reason);
          expect(error, option).to.be.instanceOf(TypeError);
          expect(String(error)).to.include(`serveStdio: `).and.include(option);
        }
      }
    });
  }

  it('takes credentials of whatever kind that can fetch and be asked', async () => {
    using _io = standardStreams();
    const credentials = { fetch, get: () => 'k' };
    const serving = await serveStdio({ createServer, principal, credentials });
    await serving.close();
  });
});

describe('serveStdio of v1, whose client has gone', () => {
  const LEAVING: Readonly<Record<string, (io: ReturnType<typeof standardStreams>) => unknown>> = {
    'its input is cut off': ({ stdin }) => stdin.destroy(),
    'its output breaks': ({ stdout }) => stdout.emit('error', new Error('EPIPE')),
    'its output breaks again and again': ({ stdout }) => {
      for (let time = 0; time < 3; time += 1) stdout.emit('error', new Error('EPIPE'));
    },
  };
  for (const [what, leave] of Object.entries(LEAVING)) {
    it(`ends where ${what}`, async () => {
      using io = standardStreams();
      const { seen, serve } = WAYS.v1();
      await serve();
      leave(io);
      await until('it is over', () => seen[0]?.closed === 1);
      expect(seen[0]?.context.signal.aborted).to.equal(true);
    });
  }

  it('tells of a server that cannot be closed, and rejects nowhere', async () => {
    using io = standardStreams();
    using warnings = catchWarnings();
    const { seen, serve } = WAYS.v1();
    await serve();
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
    const error = await serveStdio({ createServer, principal }).catch((reason: unknown) => reason);
    expect(String(error)).to.equal('Error: no server');
    expect(['end', 'close'].map((event) => io.stdin.listenerCount(event))).to.deep.equal([0, 0]);
  });
});
