import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import type { EventStore } from '../../lib/handler/sdk.js';
import { openTransport, type ServeContext, serveBase } from '../../lib/handler/serve-context.js';
import { listen } from '../support/events.js';
import { catchWarnings } from '../support/warnings.js';
import { fakeContext } from './support.js';

const signal = new AbortController().signal;

describe('serveBase', () => {
  const createServer = (): never => {
    throw new Error('no server');
  };

  it('waits five seconds for a server unless it is told', () => {
    expect(serveBase('mcpHandler', { createServer }, signal).createTimeoutMs).to.equal(5000);
    expect(serveBase('mcpHandler', { createServer, createTimeoutMs: 5 }, signal).createTimeoutMs).to.equal(5);
  });

  it('reports in the name of its owner', () => {
    using heard = listen();
    using warnings = catchWarnings();
    const { report, makeServer } = serveBase('mcpLegacySse', { createServer }, signal);
    report('transport', 'something failed', new RangeError('s3cret'));
    expect(() => makeServer({} as never)).to.throw(McpGuardError);
    expect(heard.events.map(({ at: _at, ...event }) => event)).to.deep.equal([
      { type: 'server.failed', reason: 'transport', guard: 'mcpLegacySse' },
      { type: 'server.failed', reason: 'create_server', guard: 'mcpLegacySse' },
    ]);
    expect(warnings.texts[0]).to.include('mcpLegacySse: something failed (RangeError)');
  });

  it('tells the developer of an endSession that failed', () => {
    using warnings = catchWarnings();
    serveBase('mcpHandler', { createServer }, signal).tellEndError(new TypeError('x'));
    expect(warnings.texts).to.have.length(1);
    expect(warnings.texts[0]).to.include('mcpHandler: endSession failed (TypeError)');
  });

  it('hears of the mistakes of clients only where somebody wants to know, whatever that throws', () => {
    expect(serveBase('mcpHandler', { createServer }, signal).onClientError).to.equal(undefined);
    const errors: unknown[] = [];
    const onError = (error: unknown): void => {
      errors.push(error);
      throw new Error('of the listener');
    };
    const { onClientError } = serveBase('mcpHandler', { createServer, onError }, signal);
    onClientError?.('mistake');
    expect(errors).to.deep.equal(['mistake']);
  });
});

describe('openTransport', () => {
  const events = { onCalls: () => {}, onClose: () => {} };

  it('tells the listener of the SDK’s errors, and reports an event store that fails', async () => {
    const { context, log, transport } = fakeContext();
    const mistakes: unknown[] = [];
    const eventStore: EventStore = {
      storeEvent: () => Promise.reject(new Error('down')),
      replayEventsAfter: () => Promise.reject(new Error('down')),
    };
    const withStore: ServeContext = {
      ...context,
      transport: { ...context.transport, eventStore },
      onClientError: (error) => mistakes.push(error),
    };
    const server = context.makeServer({} as never);
    let given: { eventStore?: EventStore } = {};
    class Transport {
      constructor(options: { eventStore?: EventStore }) {
        given = options;
      }

      async send(): Promise<void> {}
    }
    const transportClass = (): never => Transport as never;
    await openTransport(
      await server,
      'a',
      { ...withStore, transport: { ...withStore.transport, transportClass } },
      events,
    );
    const mistake = new Error('a mistake');
    transport().onerror?.(mistake);
    expect(mistakes).to.deep.equal([mistake]);
    await given.eventStore?.storeEvent('s', {}).catch(() => {});
    expect(log).to.deep.equal([['report', 'transport', 'the transport failed', 'Error: down']]);
  });

  it('does not mind where nobody wants to know of the SDK’s errors', async () => {
    const { context, transport } = fakeContext();
    await openTransport(await context.makeServer({} as never), 'a', context, events);
    transport().onerror?.(new Error('x'));
  });

  it('reports a server that cannot be connected, and closes it', async () => {
    const { context, log } = fakeContext({ connect: () => Promise.reject(new Error('no way')) });
    const opening = openTransport(await context.makeServer({} as never), 'a', context, events);
    const error = (await opening.catch((reason: unknown) => reason)) as McpGuardError;
    expect(error).to.be.instanceOf(McpGuardError);
    expect(error.code).to.equal('unavailable');
    expect(String(error.cause)).to.equal('Error: no way');
    expect(log).to.deep.equal([
      ['report', 'transport', 'the server could not be connected', 'Error: no way'],
      'server closed',
    ]);
  });
});
