import { expect } from 'chai';

import { SseTransport } from '../../lib/handler/sse-transport.js';
import { MAX_BACKLOG_BYTES } from '../../lib/handler/web-response.js';
import { call } from '../support/call.js';
import { gate } from '../support/gate.js';
import { serve } from '../support/serve.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { fakeResponse } from './support.js';

describe('SseTransport', () => {
  failsOnUnhandledRejections();

  it('ends its stream where the server closes it, tells that once, and writes no more', async () => {
    const done = gate();
    let closes = 0;
    await using served = await serve(async (_request, response) => {
      const transport = new SseTransport(response, '/messages?sessionId=x', 60_000, () => {});
      transport.onclose = () => {
        closes += 1;
      };
      await transport.start();
      await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
      await transport.close();
      await transport.close();
      await transport.send({ jsonrpc: '2.0', id: 2, result: {} });
      const again = await transport.start().catch((error: unknown) => error);
      expect(again).to.include({ code: 'unavailable' });
      done.open();
    });
    const { status, text } = await call(served.url, { method: 'GET' });
    await done.opened;
    expect(status).to.equal(200);
    expect(text).to.equal(
      'event: endpoint\ndata: /messages?sessionId=x\n\nevent: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n',
    );
    expect(closes).to.equal(1);
  });

  it('closes without a word where its reader has gone already', async () => {
    const closed = gate<number>();
    await using served = await serve(async (_request, response) => {
      let closes = 0;
      const transport = new SseTransport(response, '/messages', 60_000, () => {});
      transport.onclose = () => {
        closes += 1;
      };
      response.destroy();
      const refused = await transport.start().catch((error: unknown) => error);
      expect(refused).to.include({ code: 'unavailable' });
      await transport.close();
      closed.open(closes);
    });
    await call(served.url, { method: 'GET' }).catch(() => {});
    expect(await closed.opened).to.equal(1);
  });

  it('begins once, on an answer that has not begun', async () => {
    const { response, text } = fakeResponse();
    const transport = new SseTransport(response, '/messages', 60_000, () => {});
    await transport.start();
    const begun = text();
    for (const again of [transport, new SseTransport(response, '/messages', 60_000, () => {})]) {
      const refused = await again.start().catch((error: unknown) => error);
      expect(refused).to.include({ code: 'unavailable' });
    }
    expect(text()).to.equal(begun);
    await transport.close();
    const closed = new SseTransport(fakeResponse().response, '/messages', 60_000, () => {});
    await closed.close();
    expect(await closed.start().catch((error: unknown) => error)).to.include({ code: 'unavailable' });
  });

  it('asks everybody on the way not to keep or change what it says', async () => {
    await using served = await serve(async (_request, response) => {
      const transport = new SseTransport(response, '/messages', 60_000, () => {});
      await transport.start();
      await transport.close();
    });
    const { headers } = await call(served.url, { method: 'GET' });
    expect(headers).to.include({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  it('ends no answer that has ended, and closes where nobody listens to that', async () => {
    for (const over of [{ writableEnded: true }, { destroyed: true }]) {
      const { response } = fakeResponse();
      let ended = 0;
      Object.assign(response, over, {
        end: () => {
          ended += 1;
        },
      });
      await new SseTransport(response, '/messages', 60_000, () => {}).close();
      expect(ended).to.equal(0);
    }
  });

  it('counts calls, and answers them to nobody who has cancelled', async () => {
    const counts: number[] = [];
    const transport = new SseTransport(fakeResponse().response, '/messages', 60_000, (running) =>
      counts.push(running),
    );
    // Nobody listens yet.
    transport.receive({ jsonrpc: '2.0', id: 1, method: 'x' }, {} as never);
    transport.receive({ jsonrpc: '2.0', id: 2, method: 'x' }, {} as never);
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    transport.receive(cancel, {} as never);
    await transport.send({ jsonrpc: '2.0', method: 'notifications/y' });
    await transport.send({ jsonrpc: '2.0', id: 2, result: {} });
    expect(counts).to.deep.equal([1, 2, 1, 0]);
    expect(transport.isFull).to.equal(false);
  });

  it('cuts off a reader that does not read, beyond what may wait for it', async () => {
    for (const [waiting, cut] of [
      [MAX_BACKLOG_BYTES, 0],
      [MAX_BACKLOG_BYTES + 1, 1],
    ] as const) {
      const { response } = fakeResponse();
      let destroyed = 0;
      const transport = new SseTransport(response, '/messages', 60_000, () => {});
      await transport.start();
      Object.assign(response, {
        writableLength: waiting,
        destroy: () => {
          destroyed += 1;
        },
      });
      await transport.send({ jsonrpc: '2.0', method: 'notifications/y' });
      expect(destroyed).to.equal(cut);
    }
  });
});
