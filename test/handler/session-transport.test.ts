import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import type { EventStore, SdkTransportClass, SdkTransportOptions } from '../../lib/handler/sdk.js';
import { SessionTransport } from '../../lib/handler/session-transport.js';
import { currentPrincipal } from '../../lib/sessions/principal-context.js';
import { ada } from '../sessions/support.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { fakeRequest, fakeResponse } from './support.js';

const INITIALIZE = { jsonrpc: '2.0', id: 0, method: 'initialize' };
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
const cancelled = (requestId: number): object => ({
  ...{ jsonrpc: '2.0', method: 'notifications/cancelled' },
  params: { requestId },
});
const RESULT = JSON.stringify({ jsonrpc: '2.0', id: 0, result: {} });
const ERROR = JSON.stringify({ jsonrpc: '2.0', id: 0, error: { code: -32602 } });

type Answer = globalThis.Response | Promise<globalThis.Response>;

interface Given {
  readonly handle?: (message: unknown) => Answer;
  readonly enableJsonResponse?: boolean;
  readonly eventStore?: EventStore;
}

/** One server on a transport whose answers are told. */
async function scene({ handle, enableJsonResponse = false, eventStore }: Given = {}) {
  const said: { readonly message: unknown; readonly request: globalThis.Request; readonly as: unknown }[] =
    [];
  const sent: unknown[] = [];
  const calls: number[] = [];
  const failures: unknown[] = [];
  let options: SdkTransportOptions | undefined;
  class Transport {
    constructor(given: SdkTransportOptions) {
      options = given;
    }

    async send(message: unknown): Promise<void> {
      sent.push(message);
    }

    async handleRequest(
      request: globalThis.Request,
      { parsedBody }: { parsedBody: unknown },
    ): Promise<unknown> {
      said.push({ message: parsedBody, request, as: currentPrincipal()?.subject });
      return handle ? handle(parsedBody) : new globalThis.Response(null, { status: 202 });
    }
  }
  let closed = 0;
  const transport = await SessionTransport.open(
    {
      async connect() {},
      async close() {
        closed += 1;
      },
    },
    'the-id',
    {
      transportClass: () => Transport as unknown as SdkTransportClass,
      enableJsonResponse,
      eventStore,
      keepAliveMs: undefined,
    },
    {
      onCalls: (running) => calls.push(running),
      onClose: () => {},
      onError: () => {},
      onFailure: (error) => failures.push(error),
    },
  );
  const { request } = fakeRequest(ada);
  return {
    ...{ transport, request, said, sent, calls, failures },
    events: () => options?.eventStore,
    closed: () => closed,
  };
}

describe('SessionTransport', () => {
  it('closes its server', async () => {
    const { transport, closed } = await scene();
    await transport.close();
    expect(closed()).to.equal(1);
  });

  describe('handing a request over', () => {
    it('does so as its caller, and gives back what the SDK answers', async () => {
      const answer = new globalThis.Response('x');
      const { transport, request, said, calls } = await scene({ handle: () => answer });
      expect(await transport.handle(request, fakeResponse().response, CALL)).to.equal(answer);
      expect(said.map(({ message, as }) => [message, as])).to.deep.equal([[CALL, 'ada']]);
      expect(calls).to.deep.equal([1]);
    });

    it('has no call under way that the SDK refuses', async () => {
      const { transport, request, calls } = await scene({
        handle: () => new globalThis.Response('no', { status: 400 }),
      });
      const web = await transport.handle(request, fakeResponse().response, CALL);
      expect(web?.status).to.equal(400);
      expect(calls).to.deep.equal([1, 0]);
    });

    it('is an outage where the event store fails meanwhile, and only then', async () => {
      const eventStore: EventStore = {
        storeEvent: () => Promise.reject(new Error('down')),
        replayEventsAfter: () => Promise.reject(new Error('down')),
      };
      let isStoring = true;
      const place = await scene({
        eventStore,
        handle: async () => {
          if (isStoring)
            await place
              .events()
              ?.storeEvent('s', {})
              .catch(() => {});
          return new globalThis.Response('no', { status: 400 });
        },
      });
      const handle = () => place.transport.handle(place.request, fakeResponse().response, CALL);
      const error = await handle().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(McpGuardError);
      expect((error as McpGuardError).code).to.equal('unavailable');
      isStoring = false;
      expect((await handle())?.status).to.equal(400);
    });

    it('waits for nobody who has gone, where the SDK would wait for ever', async () => {
      const asked = gate();
      const { transport, request } = await scene({
        enableJsonResponse: true,
        handle: () => {
          asked.open();
          return new Promise(() => {});
        },
      });
      const { response, leave } = fakeResponse();
      const handling = transport.handle(request, response, CALL);
      await asked.opened;
      leave();
      expect(await handling).to.equal(undefined);
      const gone = fakeResponse();
      gone.leave();
      expect(await transport.handle(request, gone.response, CALL)).to.equal(undefined);
    });
  });

  describe('a call that is cancelled', () => {
    /** A call that waits, and is cancelled by a second POST. */
    async function cancelling(prepare: (response: Record<string, unknown>) => void, ok = true) {
      const { transport, request, sent } = await scene({
        handle: () => new globalThis.Response(null, { status: ok ? 200 : 400 }),
      });
      const { response, text } = fakeResponse();
      await transport.handle(request, response, CALL);
      const fake = response as unknown as Record<string, unknown>;
      prepare(fake);
      await transport.handle(request, fakeResponse().response, cancelled(1));
      return { response, text, sent, fake };
    }

    it('is accepted without an answer, and what the SDK keeps of it is freed', async () => {
      const { response, sent, fake } = await cancelling(() => {});
      expect([response.statusCode, fake.writableEnded]).to.deep.equal([202, true]);
      expect(sent).to.deep.equal([
        { jsonrpc: '2.0', id: 1, error: { code: -32800, message: 'Request cancelled' } },
      ]);
    });

    it('just ends an answer that has begun', async () => {
      const { response, fake } = await cancelling((begun) => Object.assign(begun, { headersSent: true }));
      expect([response.statusCode, fake.writableEnded]).to.deep.equal([200, true]);
    });

    it('leaves an answer alone that is over', async () => {
      for (const over of [{ destroyed: true }, { writableEnded: true }]) {
        let ended = 0;
        await cancelling((gone) => {
          Object.assign(gone, over, {
            end: () => {
              ended += 1;
            },
          });
        });
        expect(ended).to.equal(0);
      }
    });

    it('is not cancelled by a notification that the SDK refuses, or that names another', async () => {
      let ok = true;
      const { transport, request, sent } = await scene({
        handle: () => new globalThis.Response(null, { status: ok ? 200 : 400 }),
      });
      await transport.handle(request, fakeResponse().response, CALL);
      await transport.handle(request, fakeResponse().response, cancelled(2));
      ok = false;
      await transport.handle(request, fakeResponse().response, cancelled(1));
      expect(sent).to.deep.equal([]);
    });
  });

  describe('saying a handshake again', () => {
    const ways: readonly (readonly [string, () => Answer, boolean])[] = [
      ['a result', () => new globalThis.Response(RESULT), true],
      ['a result in a stream', () => new globalThis.Response(`event: message\ndata: ${RESULT}\n\n`), true],
      [
        'a result after an empty event',
        () => new globalThis.Response(`id: 1\ndata: \n\nevent: message\ndata: ${RESULT}\n\n`),
        true,
      ],
      ['an error', () => new globalThis.Response(ERROR), false],
      ['an error in a stream', () => new globalThis.Response(`data: ${ERROR}\n\n`), false],
      ['nothing', () => new globalThis.Response(''), false],
      ['a stream of nothing', () => new globalThis.Response('data: \n\n'), false],
      ['a refusal', () => new globalThis.Response(RESULT, { status: 400 }), false],
    ];
    for (const [what, answer, isTaken] of ways) {
      it(`is ${isTaken ? 'taken' : 'not taken'} where the server answers ${what}`, async () => {
        const { transport, request, said } = await scene({
          handle: (message) =>
            message === INITIALIZE ? answer() : new globalThis.Response(null, { status: 202 }),
        });
        expect(await transport.replay(request, 'the-id', INITIALIZE)).to.equal(isTaken);
        expect(said.map(({ message }) => message)).to.deep.equal(
          isTaken ? [INITIALIZE, INITIALIZED] : [INITIALIZE],
        );
        expect(said[0]?.as).to.equal('ada');
        expect(said[0]?.request.headers.get('mcp-session-id')).to.equal('the-id');
      });
    }

    it('is not taken where the server does not want to hear that it is done', async () => {
      const { transport, request } = await scene({
        handle: (message) =>
          message === INITIALIZE
            ? new globalThis.Response(RESULT)
            : new globalThis.Response('no', { status: 400 }),
      });
      expect(await transport.replay(request, 'the-id', INITIALIZE)).to.equal(false);
    });

    it('keeps none of its events, and those that come after', async () => {
      const stored: unknown[] = [];
      const eventStore: EventStore = {
        storeEvent: async (_stream, message) => {
          stored.push(message);
          return 'e';
        },
        replayEventsAfter: async () => 's',
      };
      for (const fails of [false, true]) {
        const place = await scene({
          eventStore,
          handle: async (message) => {
            await place.events()?.storeEvent('s', { of: 'the handshake' });
            if (fails) throw new Error('broken');
            return message === INITIALIZE ? new globalThis.Response(RESULT) : new globalThis.Response('');
          },
        });
        await place.transport.replay(place.request, 'the-id', INITIALIZE).catch(() => {});
        await settle();
        expect(stored).to.deep.equal([]);
        await place.events()?.storeEvent('s', { of: 'a call' });
        expect(stored.splice(0)).to.deep.equal([{ of: 'a call' }]);
      }
    });
  });
});
