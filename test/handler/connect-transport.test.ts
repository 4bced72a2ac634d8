import { expect } from 'chai';

import {
  connectTransport,
  type TransportEvents,
  type TransportOptions,
} from '../../lib/handler/connect-transport.js';
import type {
  ConnectableServer,
  EventStore,
  MessageExtra,
  SdkTransport,
  SdkTransportClass,
  SdkTransportOptions,
} from '../../lib/handler/sdk.js';

const EVENT_STORE: EventStore = {
  storeEvent: async () => 'e',
  replayEventsAfter: async () => 's',
};

interface Given extends Partial<TransportOptions> {
  readonly sessionId?: string | undefined;
  /** What the SDK's `send` does. */
  readonly send?: () => Promise<void>;
  /** The server sets no `onmessage`. */
  readonly isDeaf?: boolean;
}

/** A server on a transport that does nothing by itself. */
async function scene({ sessionId, send = async () => {}, isDeaf = false, ...options }: Given = {}) {
  const log: unknown[] = [];
  const made: SdkTransportOptions[] = [];
  const received: [object, MessageExtra | undefined][] = [];
  class Transport {
    onmessage: SdkTransport['onmessage'];
    onclose: (() => void) | undefined;
    onerror: ((error: Error) => void) | undefined;
    /** As the SDK keeps a request that it answers with JSON. */
    readonly _requestToStreamMapping = new Map<string | number, string>();
    readonly _streamMapping = new Map<string | undefined, object>();

    constructor(transportOptions: SdkTransportOptions) {
      made.push(transportOptions);
    }

    async send(...args: unknown[]): Promise<void> {
      log.push(['send', ...args]);
      await send();
      this._requestToStreamMapping.clear();
    }
  }
  const server: ConnectableServer = {
    async connect(transport) {
      if (isDeaf) return;
      Object.assign(transport, {
        onmessage: (message: object, extra: MessageExtra | undefined) => received.push([message, extra]),
      });
    },
    async close() {},
  };
  const events: TransportEvents = {
    onCalls: (running) => log.push(['calls', running]),
    onClose: () => log.push('closed'),
    onError: (error) => log.push(error),
    onFailure: (error) => log.push(['failure', error]),
  };
  const connected = await connectTransport(
    server,
    sessionId,
    {
      transportClass: () => Transport as unknown as SdkTransportClass,
      enableJsonResponse: false,
      eventStore: undefined,
      keepAliveMs: undefined,
      ...options,
    },
    events,
  );
  const transport = connected.transport as SdkTransport & InstanceType<typeof Transport>;
  return {
    ...connected,
    transport,
    received,
    made: made[0] as SdkTransportOptions,
    seen: () => log.splice(0),
  };
}

const ANSWER = { jsonrpc: '2.0', id: 1, result: {} };
const NOTIFICATION = { jsonrpc: '2.0', method: 'notifications/progress' };
const REQUEST = { jsonrpc: '2.0', id: 'server 1', method: 'ping' };

describe('connectTransport', () => {
  it('makes the transport of a session as it is told', async () => {
    const { made, events } = await scene({
      ...{ sessionId: 'the-id', enableJsonResponse: true, eventStore: EVENT_STORE, keepAliveMs: 5 },
    });
    expect(made.sessionIdGenerator?.()).to.equal('the-id');
    expect(made).to.deep.include({ enableJsonResponse: true, keepAliveMs: 5, eventStore: events });
    expect(events).to.not.equal(undefined);
  });

  it('makes one for a single request without an id, and keeps no events of that', async () => {
    const { made, events } = await scene({ eventStore: EVENT_STORE });
    expect(made).to.have.all.keys('enableJsonResponse');
    expect(events).to.equal(undefined);
    const session = await scene({ sessionId: 'the-id' });
    expect(session.made).to.have.all.keys('enableJsonResponse', 'sessionIdGenerator');
    expect(session.events).to.equal(undefined);
  });

  it('waits for a transport that is loaded', async () => {
    class Loaded {
      async send(): Promise<void> {}
    }
    const { transport } = await scene({ transportClass: async () => Loaded as unknown as SdkTransportClass });
    expect(transport).to.be.instanceOf(Loaded);
  });

  it('tells that it is closed, and of errors', async () => {
    const { transport, seen } = await scene();
    transport.onclose?.();
    const error = new Error('x');
    transport.onerror?.(error);
    expect(seen()).to.deep.equal(['closed', error]);
  });

  it('W29 hands messages on, with a request that shows tools what they may see, and nothing of its own', async () => {
    const { transport, received } = await scene();
    const request = new Request('http://localhost/mcp', { method: 'POST', body: 'x', headers: { a: 'b' } });
    transport.onmessage?.(REQUEST, { request });
    transport.onmessage?.(REQUEST, {});
    transport.onmessage?.(REQUEST);
    const [first, second, third] = received.map(([, extra]) => extra);
    expect(first?.request).to.not.equal(request);
    expect([first?.request?.url, first?.request?.headers.get('a'), first?.request?.body]).to.deep.equal([
      'http://localhost/mcp',
      'b',
      null,
    ]);
    expect([second, third]).to.deep.equal([{}, undefined]);
    expect(received.map(([message]) => message)).to.deep.equal([REQUEST, REQUEST, REQUEST]);
  });

  it('hands messages to nobody where the server does not listen', async () => {
    const { transport } = await scene({ isDeaf: true });
    transport.onmessage?.(REQUEST, {});
  });

  describe('what is sent', () => {
    it('finishes the call that it answers, once it is sent', async () => {
      const { transport, calls, seen } = await scene();
      calls.begin([1, 2], { abandon() {} });
      seen();
      const options = { relatedRequestId: 1 };
      await transport.send(ANSWER, options);
      expect(seen()).to.deep.equal([
        ['send', ANSWER, options],
        ['calls', 1],
      ]);
      await transport.send(NOTIFICATION);
      await transport.send(REQUEST);
      expect(seen()).to.deep.equal([
        ['send', NOTIFICATION, undefined],
        ['send', REQUEST, undefined],
      ]);
    });

    for (const [enableJsonResponse, freed] of [
      [true, 1],
      [false, 0],
    ] as const) {
      it(`${freed ? 'frees' : 'leaves alone'} what the SDK keeps, where it answers with ${freed ? 'JSON' : 'a stream'}`, async () => {
        const { transport } = await scene({ enableJsonResponse });
        let cleaned = 0;
        transport._requestToStreamMapping.set(1, 'stream');
        transport._streamMapping.set('stream', {
          cleanup: () => {
            cleaned += 1;
          },
        });
        // As though it were kept: a message that answers nothing has no stream.
        transport._streamMapping.set(undefined, { cleanup: () => expect.fail('freed') });
        await transport.send(NOTIFICATION);
        expect(cleaned).to.equal(0);
        transport._requestToStreamMapping.set(1, 'stream');
        await transport.send(ANSWER);
        expect(cleaned).to.equal(freed);
      });
    }

    it('is a call without an answer where it cannot be: who waits for it must not wait for ever', async () => {
      const error = new Error('not connected');
      const { transport, calls, seen } = await scene({ send: () => Promise.reject(error) });
      let abandoned = 0;
      calls.begin([1], {
        abandon: () => {
          abandoned += 1;
        },
      });
      seen();
      expect(await transport.send(ANSWER).catch((reason: unknown) => reason)).to.equal(error);
      expect(abandoned).to.equal(1);
      expect(seen()).to.deep.equal([
        ['send', ANSWER, undefined],
        ['calls', 0],
      ]);
    });

    it('rejects for a request of the server that cannot be sent, and not for a notification', async () => {
      const error = new Error('not connected');
      const { transport, calls } = await scene({ send: () => Promise.reject(error) });
      calls.begin([1], { abandon: () => expect.fail('abandoned') });
      expect(await transport.send(REQUEST).catch((reason: unknown) => reason)).to.equal(error);
      expect(await transport.send(NOTIFICATION)).to.equal(undefined);
    });
  });
});
