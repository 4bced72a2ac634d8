import { PassThrough } from 'node:stream';

import { expect } from 'chai';

import type { CreateServerContext, StdioServing } from '../../lib/index.js';
import { initialize, toolCall } from '../support/call.js';
import { until } from '../support/gate.js';
import { bad } from '../support/options.js';
import { catchWarnings } from '../support/warnings.js';

export const PRINCIPAL = { subject: 'ann', token: 'issued' };

/** Standard input and output of this process, for as long as it is not disposed. */
export function standardStreams() {
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

export interface Seen {
  readonly context: CreateServerContext & { readonly era?: string };
  closed: number;
  failure: Error | undefined;
}

/** Notes in `seen` whom a server is for, and that it is closed. */
export function watched<S extends { close(): Promise<void> }>(
  server: S,
  context: Seen['context'],
  seen: Seen[],
): S {
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

export interface Serving {
  /** `serveStdio` of a generation of the SDK. */
  readonly serve: (options: never) => Promise<StdioServing> | StdioServing;
  /** A `createServer` whose tool `whoami` says whom it runs as, and with which token. */
  readonly build: (seen: Seen[]) => unknown;
  /** What the context says of the era. */
  readonly era: string | undefined;
  /** What is said of a message that cannot be read. */
  readonly unreadable: string;
}

/** What `serveStdio` of either generation of the SDK does, in this process. */
export function servesStdio(name: string, { serve: own, build, era, unreadable }: Serving): void {
  const serve = async (options: object): Promise<StdioServing> => own(options as never);
  describe(`serveStdio of ${name}, in this process`, () => {
    it('refuses bad options', async () => {
      for (const [option, values] of Object.entries({
        createServer: bad.callback,
        principal: [undefined, null, {}, { subject: '' }, 'ann'],
        credentials: [null, {}, { get() {} }, { fetch() {} }, 'key'],
        onError: bad.callback,
        constructor: [1],
      })) {
        for (const value of values) {
          const options = { createServer: () => {}, principal: PRINCIPAL, [option]: value };
          const error = await (async () => serve(options))().catch((reason: unknown) => reason);
          expect(error, option).to.be.instanceOf(TypeError);
          expect(String(error)).to.include(`serveStdio: `).and.include(option);
        }
      }
    });

    it('takes credentials of whatever kind that can fetch and be asked', async () => {
      using _io = standardStreams();
      const credentials = { fetch, get: () => 'k' };
      const serving = await serve({ createServer: build([]), principal: PRINCIPAL, credentials });
      await serving.close();
    });

    /** Serves, and has had the answer of a tool. */
    async function serving(io: ReturnType<typeof standardStreams>, onError?: (error: unknown) => void) {
      const seen: Seen[] = [];
      const createServer = build(seen);
      const served = await serve({ createServer, principal: PRINCIPAL, ...(onError && { onError }) });
      io.send(initialize(1));
      io.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
      io.send(toolCall('whoami', {}, 2));
      await until('it has answered', () => io.answers().some(({ id }) => id === 2));
      return { served, one: seen[0] as Seen };
    }

    it('runs as the caller, and tells who that is', async () => {
      using io = standardStreams();
      const { served, one } = await serving(io);
      const answer = io.answers().find(({ id }) => id === 2);
      expect(answer?.result).to.deep.include({ content: [{ type: 'text', text: 'ann issued' }] });
      expect(one.context.principal).to.deep.include(PRINCIPAL);
      expect([one.context.sessionId, one.context.signal.aborted]).to.deep.equal([undefined, false]);
      expect(one.context.era).to.equal(era);
      await served.close();
    });

    it('ends when it is closed, once, and listens to nothing any more', async () => {
      using io = standardStreams();
      const before = ['end', 'close'].map((event) => io.stdin.listenerCount(event));
      const { served, one } = await serving(io);
      await Promise.all([served.close(), served.close()]);
      await served.close();
      expect(one.context.signal.aborted).to.equal(true);
      expect(one.closed).to.equal(1);
      expect(['end', 'close'].map((event) => io.stdin.listenerCount(event))).to.deep.equal(before);
    });

    it('ends with its input', async () => {
      using io = standardStreams();
      const { one } = await serving(io);
      io.stdin.end();
      await until('it is over', () => one.context.signal.aborted && one.closed > 0);
    });

    it('tells of what it cannot read, or warns of that', async () => {
      const errors: unknown[] = [];
      for (const onError of [(error: unknown) => void errors.push(error), undefined]) {
        using io = standardStreams();
        using warnings = catchWarnings();
        const { served } = await serving(io, onError);
        io.stdin.write('{"jsonrpc":"2.0","id":[]}\n');
        await until('it is told', () => (onError ? errors.length > 0 : warnings.texts.length > 0));
        if (!onError) {
          expect(warnings.texts.join()).to.include(`serveStdio: ${unreadable}`).and.not.include('"id"');
        }
        await served.close();
      }
    });
  });
}
