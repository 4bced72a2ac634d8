import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import { connectSession } from '../../lib/handler/connect-session.js';
import type { ConnectableServer, SdkTransport, SdkTransportClass } from '../../lib/handler/sdk.js';
import type { ServeContext } from '../../lib/handler/serve-context.js';
import { RequestState, requestState } from '../../lib/request-state.js';
import { LiveSession } from '../../lib/sessions/live-session.js';
import type { SessionRegistry } from '../../lib/sessions/session-registry.js';
import { ada } from '../sessions/support.js';

/** A session that is being connected to a server that does nothing. */
function scene(session: LiveSession = new LiveSession('a', ada, 0, Number.MAX_SAFE_INTEGER)) {
  const log: unknown[] = [];
  let transport: SdkTransport | undefined;
  class Transport {
    onclose: (() => void) | undefined;
    onmessage: unknown;
    async send(): Promise<void> {}
    async handleRequest(): Promise<Response> {
      return new Response(null, { status: 202 });
    }
  }
  const server = {
    async connect(connected: SdkTransport) {
      transport = connected;
    },
    async close() {
      log.push('server closed');
    },
  } as unknown as ConnectableServer;
  const registry = {
    touch: () => log.push('touched'),
    end: async (_session: LiveSession, reason: string) => log.push(['end', reason]),
    release: async () => log.push('released'),
  } as unknown as SessionRegistry;
  const context = {
    makeServer: () => server,
    transport: {
      transportClass: () => Transport as unknown as SdkTransportClass,
      enableJsonResponse: false,
      eventStore: undefined,
      keepAliveMs: undefined,
    },
    report: (...report: unknown[]) => log.push(report),
  } as unknown as ServeContext;
  return {
    log,
    session,
    connect: () => connectSession(session, registry, new RequestState(), context),
    transport: () => transport as SdkTransport,
  };
}

describe('connectSession', () => {
  it('closes the server with the session', async () => {
    const { connect, session, log } = scene();
    await connect();
    expect(log).to.deep.equal([]);
    await session.closeServer?.();
    expect(log).to.deep.equal(['server closed']);
  });

  it('says when a session is used: while a call waits for its answer, and when that is there', async () => {
    const { connect, session, log, transport } = scene();
    const connected = await connect();
    const request = { rawHeaders: [], headers: {}, method: 'POST', originalUrl: '/mcp', socket: {} };
    Object.assign(request, { get: () => 'localhost' });
    const call = { jsonrpc: '2.0', method: 'tools/call' };
    Object.assign(requestState(request as never), { principal: ada });
    const begin = (id: number) => connected.handle(request as never, {} as never, { ...call, id });
    await begin(1);
    await begin(2);
    expect([session.calls, log]).to.deep.equal([2, []]);
    await transport().send({ jsonrpc: '2.0', id: 1, result: {} });
    expect([session.calls, log]).to.deep.equal([1, []]);
    await transport().send({ jsonrpc: '2.0', id: 2, result: {} });
    expect([session.calls, log]).to.deep.equal([0, ['touched']]);
  });

  for (const [what, changes, outcome] of [
    ['ends a session whose transport is closed', {}, ['end', 'failed']],
    ['ends a session whose transport its client closes', { isDeleting: true }, ['end', 'deleted']],
    ['ends one that begins here, and cannot', { isStarting: true }, ['end', 'failed']],
    ['ends one that another node began, once it serves here', { origin: {} }, ['end', 'failed']],
    [
      'lets go of one that another node began, and that cannot be built again here',
      { isStarting: true, origin: {} },
      'released',
    ],
  ] as const) {
    it(what, async () => {
      const { connect, session, log, transport } = scene();
      await connect();
      Object.assign(session, changes);
      transport().onclose?.();
      expect(log).to.deep.equal([outcome]);
    });
  }

  it('A10 closes the server of a session that has ended meanwhile', async () => {
    const session = new LiveSession('a', ada, 0, Number.MAX_SAFE_INTEGER);
    const { connect, log } = scene(session);
    const connecting = connect();
    Object.assign(session, { ending: Promise.resolve(), endReason: 'revoked' });
    const error = await connecting.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(McpGuardError);
    expect((error as McpGuardError).code).to.equal('session_not_found');
    expect(log).to.deep.equal(['server closed']);
    expect(session.closeServer).to.equal(undefined);
  });
});
