import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import { Drain } from '../../lib/handler/drain.js';
import { openSse } from '../../lib/handler/open-sse.js';
import type { SseTransport } from '../../lib/handler/sse-transport.js';
import type { LiveSession } from '../../lib/sessions/live-session.js';
import { ada, exchangeOf, watched } from '../sessions/support.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { fakeContext, fakeRequest, fakeResponse, type Making } from './support.js';

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} };

function scene(making: Making = {}) {
  const fake = fakeContext({
    // As the SDK does.
    connect: async () => {
      await (fake.transport() as unknown as { start(): Promise<void> }).start();
    },
    ...making,
  });
  const { registry, news } = watched();
  const { request, state } = fakeRequest(ada);
  const { response, text, leave } = fakeResponse();
  const drain = new Drain();
  const transports = new WeakMap<LiveSession, SseTransport>();
  const context = { ...fake.context, drain, messagesPath: '/messages', keepAliveMs: 1000, transports };
  const exchange = exchangeOf(ada);
  const open = async (): Promise<string> => {
    try {
      await openSse(request, response, state, { registry, exchange, session: undefined }, context);
      return 'open';
    } catch (error) {
      expect(error).to.be.instanceOf(McpGuardError);
      const { code, cause } = error as McpGuardError;
      if (code === 'unavailable') expect(String(cause)).to.equal('Error: no way');
      return code;
    }
  };
  const session = async (): Promise<LiveSession> => {
    const [record] = await registry.list({});
    return (await registry.find(String(record?.id))) as LiveSession;
  };
  const reasons = (): unknown[] => news.flatMap((piece) => ('reason' in piece ? [piece.reason] : []));
  return { ...fake, registry, drain, exchange, text, leave, open, session, reasons, transports };
}

describe('openSse', () => {
  it('begins a session that lives as long as its stream, and says where to POST', async () => {
    const { open, session, text, leave, log, reasons, registry, transports } = scene();
    expect(await open()).to.equal('open');
    const begun = await session();
    expect(text()).to.equal(`event: endpoint\ndata: /messages?sessionId=${begun.id}\n\n`);
    expect(log).to.deep.equal([{ type: 'session.started', principal: begun.owner, session: begun.id }]);
    expect(begun).to.include({ isStarting: false, isBusy: true });
    expect(transports.get(begun)).to.not.equal(undefined);
    leave();
    await settle();
    expect(reasons()).to.deep.equal(['deleted']);
    expect(log.slice(1)).to.include('server closed');
    await registry.close();
  });

  it('is in use, and waited for, while a call has no answer, and was used when that is there', async () => {
    const { open, session, transport, drain, registry } = scene();
    await open();
    const begun = await session();
    const sse = transport() as unknown as SseTransport;
    sse.receive({ ...CALL, id: 1 }, {} as never);
    sse.receive({ ...CALL, id: 2 }, {} as never);
    expect(begun.calls).to.equal(2);
    let isEmpty = false;
    const empty = drain.close(60_000).then(() => {
      isEmpty = true;
    });
    begun.lastSeenAt = 0;
    await sse.send({ jsonrpc: '2.0', id: 1, result: {} });
    await settle();
    expect([begun.calls, begun.lastSeenAt, isEmpty]).to.deep.equal([1, 0, false]);
    await sse.send({ jsonrpc: '2.0', id: 2, result: {} });
    await empty;
    expect(begun.calls).to.equal(0);
    expect(begun.lastSeenAt).to.be.greaterThan(0);
    await registry.close();
  });

  it('is waited for no longer than it lives, whatever calls have no answer', async () => {
    const { open, session, transport, drain, registry } = scene();
    await open();
    const begun = await session();
    (transport() as unknown as SseTransport).receive(CALL, {} as never);
    const empty = drain.close(60_000);
    await registry.end(begun, 'deleted');
    await empty;
    await registry.close();
  });

  it('says what went wrong with a server that cannot be connected, closes it, and frees the slot', async () => {
    const { open, log, reasons, registry } = scene({ connect: () => Promise.reject(new Error('no way')) });
    expect(await open()).to.equal('unavailable');
    expect(log.slice(0, 2)).to.deep.equal([
      'server closed',
      ['report', 'transport', 'the server could not be connected', 'Error: no way'],
    ]);
    expect(reasons()).to.deep.equal(['failed']);
    expect(await registry.list({})).to.deep.equal([]);
    await registry.close();
  });

  it('leaves a refusal by policy as it is', async () => {
    const { open, log, registry } = scene({ connect: () => Promise.reject(new McpGuardError('forbidden')) });
    expect(await open()).to.equal('forbidden');
    expect(log.every((entry) => entry === 'server closed')).to.equal(true);
    await registry.close();
  });

  it('A10 closes the server of a session that has ended while it was made', async () => {
    const [asked, made] = [gate(), gate()];
    let closed = 0;
    const server = {
      connect: () => expect.fail('connected'),
      async close() {
        closed += 1;
      },
    };
    const { open, session, registry, text } = scene({
      makeServer: async () => {
        asked.open();
        await made.opened;
        return server;
      },
    });
    const opening = open();
    await asked.opened;
    await registry.end(await session(), 'revoked');
    made.open();
    expect(await opening).to.equal('session_not_found');
    expect(closed).to.be.greaterThan(0);
    expect(text()).to.equal('');
    await registry.close();
  });
});
