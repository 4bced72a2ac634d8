import { expect } from 'chai';

import type { CreateServerContext } from '../../lib/handler/create-server.js';
import { serveOnce } from '../../lib/handler/serve-once.js';
import { ada, exchangeOf, watched } from '../sessions/support.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { fakeContext, fakeRequest, fakeResponse, type Making } from './support.js';

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call' };

/** A request that is served by a server of its own. */
function scene(making: Making = {}) {
  const orders: CreateServerContext[] = [];
  const fake = fakeContext({ handle: () => new globalThis.Response('the SDK'), ...making });
  const { makeServer } = fake.context;
  const context = {
    ...fake.context,
    makeServer: (order: CreateServerContext) => {
      orders.push(order);
      return makeServer(order);
    },
  };
  const { request, state } = fakeRequest(ada);
  const exchange = exchangeOf(ada);
  const { registry } = watched();
  const { response, text, leave } = fakeResponse();
  const attachment = { registry, exchange, session: undefined };
  const serve = () => serveOnce(request, response, state, attachment, context, CALL);
  return { ...fake, context, orders, exchange, response, text, leave, serve };
}

describe('serveOnce', () => {
  it('is answered by a server of its own, which is closed with the answer', async () => {
    const { serve, text, orders, log, said, context } = scene();
    expect(await serve()).to.equal(undefined);
    await settle();
    expect(text()).to.equal('the SDK');
    expect(said).to.deep.equal([CALL]);
    const [order] = orders;
    expect([order?.principal, order?.sessionId, order?.signal.aborted]).to.deep.equal([ada, undefined, true]);
    expect(log).to.deep.equal(['server closed']);
    expect(context.endings.size).to.equal(0);
  });

  /** Until it is let go on, its server is being made. */
  function beingMade() {
    const [asked, made] = [gate(), gate()];
    let closed = 0;
    const server = {
      async connect() {},
      async close() {
        closed += 1;
      },
    };
    const place = scene({
      makeServer: async () => {
        asked.open();
        await made.opened;
        return server;
      },
    });
    return { ...place, asked: asked.opened, made, closed: () => closed };
  }

  it('stops the work for it where its exchange is ended, and asks the SDK nothing', async () => {
    const { serve, exchange, orders, asked, made, closed, said } = beingMade();
    const serving = serve();
    await asked;
    expect(orders[0]?.signal.aborted).to.equal(false);
    exchange.end('session_not_found');
    expect(orders[0]?.signal.aborted).to.equal(true);
    made.open();
    await serving;
    expect([closed(), said]).to.deep.equal([1, []]);
  });

  it('makes none of a server that comes when its client has gone', async () => {
    const { serve, leave, asked, made, closed, said, orders } = beingMade();
    const serving = serve();
    await asked;
    leave();
    expect(orders[0]?.signal.aborted).to.equal(true);
    made.open();
    await serving;
    expect([closed(), said]).to.deep.equal([1, []]);
  });

  it('W25 makes none of a server that comes when its handler has closed', async () => {
    const place = beingMade();
    const serving = place.serve();
    await place.asked;
    await Promise.all([...place.context.endings].map((end) => end()));
    expect(place.response.statusCode).to.equal(503);
    place.made.open();
    await serving;
    expect([place.closed(), place.said]).to.deep.equal([1, []]);
  });

  it('is answered with nothing where the client has had its answer', async () => {
    const asked = gate();
    const { serve, leave, text, context } = scene({
      handle: () => {
        asked.open();
        return new Promise(() => {});
      },
    });
    const inJson = { ...context.transport, enableJsonResponse: true };
    Object.assign(context, { transport: inJson });
    const serving = serve();
    await asked.opened;
    leave();
    expect(await serving).to.equal(undefined);
    expect(text()).to.equal('');
  });
});
