import { expect } from 'chai';

import { SseTransport } from '../../lib/handler/sse-transport.js';
import { call } from '../support/call.js';
import { gate } from '../support/gate.js';
import { serve } from '../support/serve.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';

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
});
