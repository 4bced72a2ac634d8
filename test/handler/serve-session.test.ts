import { expect } from 'chai';
import type { Request } from 'express';

import { serveSession } from '../../lib/handler/serve-session.js';
import type { SessionTransport } from '../../lib/handler/session-transport.js';
import { mountOf } from '../../lib/sessions/origin.js';
import { ada, begin, exchangeOf, watched } from '../sessions/support.js';
import { sharedRecords } from '../support/shared-store.js';
import { fakeContext, fakeRequest, fakeResponse } from './support.js';

interface Given {
  /** What the session's transport answers; none where it is served elsewhere. */
  readonly web?: globalThis.Response | undefined | 'none';
  readonly method?: string;
  readonly isMovable?: boolean;
  readonly isDown?: boolean;
  readonly isEnding?: boolean;
  readonly message?: unknown;
}

/** A request of a session that lives. */
async function scene(given: Given = {}) {
  const { method = 'DELETE', isMovable = false, isDown = false, isEnding = false, message } = given;
  const web = 'web' in given ? given.web : new globalThis.Response('the SDK', { status: 200 });
  const node = sharedRecords().node();
  const { registry } = watched({ store: node });
  const session = await begin(registry, ada);
  const fake = fakeContext();
  const fakes = fakeRequest(ada);
  const request = Object.assign(fakes.request, { method }) as Request;
  if (isMovable) session.origin = { message: {}, presented: ada, at: mountOf(request) };
  if (web !== 'none') {
    const transport = {
      async handle() {
        expect(session.isDeleting).to.equal(method === 'DELETE');
        return web;
      },
    } as unknown as SessionTransport;
    fake.context.transports.set(session, transport);
  }
  if (isEnding) session.ending = Promise.resolve();
  const exchange = exchangeOf(ada);
  registry.open(exchange, session);
  node.isDown = isDown;
  const { response, text } = fakeResponse();
  const attachment = { registry, exchange, session };
  const denial = await serveSession(request, response, fakes.state, attachment, fake.context, message);
  node.isDown = false;
  if (isEnding) session.ending = undefined;
  return { denial, text, response, session, exchange, registry };
}

describe('serveSession', () => {
  describe('a DELETE', () => {
    it('ends the session, and is answered by the SDK, beyond its end', async () => {
      const { denial, text, session, exchange, registry } = await scene();
      expect([denial, text()]).to.deep.equal([undefined, 'the SDK']);
      expect(session.endReason).to.equal('deleted');
      expect(exchange.endedWith).to.equal(undefined);
      await registry.close();
    });

    it('ends one that another node serves, where this one could go on with it', async () => {
      const { denial, response, session, registry } = await scene({ web: 'none', isMovable: true });
      expect([denial, response.statusCode, session.endReason]).to.deep.equal([undefined, 200, 'deleted']);
      await registry.close();
    });

    it('is for nobody where the session is another handler’s, or ends already', async () => {
      for (const given of [{ web: 'none' }, { isEnding: true }] as const) {
        const { denial, session, registry } = await scene(given);
        expect(denial).to.deep.equal({ code: 'session_not_found' });
        expect(session.ending).to.equal(undefined);
        await registry.close();
      }
    });

    it('ends nothing that the SDK does not let go', async () => {
      const { denial, text, session, registry } = await scene({
        web: new globalThis.Response('no', { status: 405 }),
      });
      expect([denial, text()]).to.deep.equal([undefined, 'no']);
      expect(session).to.include({ ending: undefined, isDeleting: false });
      await registry.close();
    });

    it('ends nothing where nobody waits for that any more', async () => {
      const { denial, text, session, registry } = await scene({ web: undefined });
      expect([denial, text()]).to.deep.equal([undefined, '']);
      expect(session).to.include({ ending: undefined, isDeleting: false });
      await registry.close();
    });

    it('has to be said again where the record may still be there', async () => {
      const { denial, session, registry } = await scene({ isDown: true });
      expect(denial).to.deep.equal({ code: 'unavailable' });
      expect(session.endReason).to.equal('deleted');
      await registry.close();
    });
  });

  for (const method of ['GET', 'POST']) {
    describe(`a ${method}`, () => {
      it('is answered by the SDK', async () => {
        const { denial, text, registry } = await scene({ method, message: { method: 'tools/list' } });
        expect([denial, text()]).to.deep.equal([undefined, 'the SDK']);
        await registry.close();
      });

      it('is for nobody where the session is another handler’s, or ends', async () => {
        for (const given of [{ web: 'none' }, { isEnding: true }] as const) {
          const { denial, registry } = await scene({ ...given, method });
          expect(denial).to.deep.equal({ code: 'session_not_found' });
          await registry.close();
        }
      });

      it('is answered with nothing where the client has had its answer', async () => {
        const { denial, text, registry } = await scene({ method, web: undefined });
        expect([denial, text()]).to.deep.equal([undefined, '']);
        await registry.close();
      });
    });
  }

  it('needs a session for all but an initialize', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { request, state } = fakeRequest(ada);
      Object.assign(request, { method });
      const { registry } = watched();
      const attachment = { registry, exchange: exchangeOf(ada), session: undefined };
      const { context } = fakeContext();
      // A GET brings no message, whatever it says.
      const message = method === 'GET' ? { method: 'initialize' } : { method: 'tools/list' };
      const denial = await serveSession(
        request,
        fakeResponse().response,
        state,
        attachment,
        context,
        message,
      );
      expect(denial).to.deep.equal({ code: 'session_required' });
      await registry.close();
    }
  });

  describe('an initialize', () => {
    type Handle = (leave: () => void) => globalThis.Response | Promise<globalThis.Response>;

    async function initializing(handle: Handle, { isGone = false, isJson = false } = {}) {
      const { registry, news } = watched();
      const { response, text, leave } = fakeResponse();
      const fake = fakeContext({ handle: () => handle(leave) });
      const { log } = fake;
      const context = {
        ...fake.context,
        transport: { ...fake.context.transport, enableJsonResponse: isJson },
      };
      const { request, state } = fakeRequest(ada);
      if (isGone) leave();
      const attachment = { registry, exchange: exchangeOf(ada), session: undefined };
      const message = { jsonrpc: '2.0', id: 0, method: 'initialize' };
      const serving = Promise.resolve(serveSession(request, response, state, attachment, context, message));
      const [denial, error] = await serving.then(
        (refusal) => [refusal],
        (thrown: unknown) => [undefined, thrown],
      );
      const live = await registry.list({});
      return {
        denial,
        error,
        text,
        log,
        live,
        registry,
        reasons: news.map((piece) => 'reason' in piece && piece.reason),
      };
    }

    it('begins a session, and says so', async () => {
      const { denial, text, log, live, registry } = await initializing(
        () => new globalThis.Response('begun'),
      );
      expect([denial, text()]).to.deep.equal([undefined, 'begun']);
      expect(live).to.have.length(1);
      const session = await registry.find(String(live[0]?.id));
      expect(session?.isStarting).to.equal(false);
      // It has been answered.
      expect(session?.exchanges.size).to.equal(0);
      expect(log).to.deep.equal([
        { type: 'session.started', principal: '[null,null,"ada"]', session: live[0]?.id },
      ]);
      await registry.close();
    });

    it('begins none where the SDK refuses it, or nobody is left to hear its id', async () => {
      const refused = await initializing(() => new globalThis.Response('no', { status: 400 }));
      expect(refused.text()).to.equal('no');
      const unheard = await initializing(() => new globalThis.Response('begun'), { isGone: true });
      for (const { live, reasons, log, registry } of [refused, unheard]) {
        expect([live, reasons]).to.deep.equal([[], ['failed']]);
        expect(log).to.deep.equal(['server closed']);
        await registry.close();
      }
    });

    it('begins none where its client leaves before the SDK has answered, as it may never do in JSON', async () => {
      const never = (leave: () => void): Promise<globalThis.Response> => {
        setImmediate(leave);
        return new Promise(() => {});
      };
      const { live, reasons, denial, error, text, registry } = await initializing(never, { isJson: true });
      expect([live, reasons, denial, error, text()]).to.deep.equal([
        [],
        ['failed'],
        undefined,
        undefined,
        '',
      ]);
      await registry.close();
    });

    it('begins none where the SDK throws', async () => {
      const broken = new Error('broken');
      const { live, reasons, error, log, registry } = await initializing(() => Promise.reject(broken));
      expect([live, reasons, error, log]).to.deep.equal([[], ['failed'], broken, ['server closed']]);
      await registry.close();
    });
  });
});
