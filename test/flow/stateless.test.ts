import { expect } from 'chai';

import { call, initialize, toolCall } from '../support/call.js';
import { connect, textOf as toolText } from '../support/client.js';
import { gate, until } from '../support/gate.js';
import { as } from '../support/guarded.js';
import type { Seen } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { textOf } from '../support/session.js';

import { post, stateless } from '../support/stateless.js';

for (const enableJsonResponse of [false, true]) {
  describe(`without a session binding, with answers in ${enableJsonResponse ? 'JSON' : 'events'}`, () => {
    it("serves the SDK's client, each request from a server of its own, closed afterwards", async () => {
      await using app = await stateless({ enableJsonResponse });
      await using connected = await connect(app.url, as('ann'));
      expect(connected.transport.sessionId).to.equal(undefined);
      for (const text of ['a', 'b'])
        expect(await toolText(connected.client, 'echo', { text })).to.equal(text);
      const seen = JSON.parse(await toolText(connected.client, 'whoami')) as Seen;
      expect(seen).to.include({ created: 'ann', current: 'ann', subject: 'ann' });
      expect(app.contexts).to.have.length(5);
      expect(app.contexts.map(({ sessionId }) => sessionId)).to.deep.equal(Array(5).fill(undefined));
      await until('all are closed', () => app.closed() === 5);
      expect(app.contexts.every(({ signal }) => signal.aborted)).to.equal(true);
      expect(app.logins).to.deep.equal([]);
    });

    it('mints no session id, and takes none', async () => {
      await using app = await stateless({ enableJsonResponse });
      for (const id of ['A'.repeat(43), 'constructor', 'x y']) {
        for (const body of [initialize(), toolCall('whoami')]) {
          const reply = await post(app, body, { 'mcp-session-id': id });
          expect(reply.status).to.equal(200);
          expect(reply.headers).to.not.have.property('mcp-session-id');
        }
      }
      expect((await post(app, { jsonrpc: '2.0', method: 'notifications/initialized' })).status).to.equal(202);
    });

    it('answers GET and DELETE with 405, and makes no server for them', async () => {
      await using app = await stateless({ enableJsonResponse });
      for (const method of ['GET', 'DELETE', 'PUT', 'OPTIONS']) {
        const reply = await call(app.url, { method, headers: as('ann') });
        expectRefusal(reply, 'method_not_allowed', { allow: 'POST' });
      }
      expect(app.contexts).to.deep.equal([]);
    });

    it('gives each of many callers its own answer, under one JSON-RPC id', async () => {
      await using app = await stateless({ enableJsonResponse });
      const replies = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          call(app.url, { headers: as(`user ${n}`), body: toolCall('whoami', {}, 1) }),
        ),
      );
      for (const [n, reply] of replies.entries()) {
        const seen = JSON.parse(textOf(reply)) as Seen;
        expect(seen).to.include({ created: `user ${n}`, current: `user ${n}`, subject: `user ${n}` });
      }
      await until('all are closed', () => app.closed() === 60);
    });

    it('closes the server of a client that left', async () => {
      const running = gate();
      let isRunning = false;
      await using app = await stateless({ enableJsonResponse }, () => {
        isRunning = true;
        return running.opened;
      });
      const client = new AbortController();
      const gone = call(app.url, { headers: as('ann'), body: toolCall('whoami'), signal: client.signal });
      const outcome = gone.catch(() => 'gone');
      await until('the tool runs', () => isRunning);
      client.abort();
      expect(await outcome).to.equal('gone');
      await until('the server is closed', () => app.closed() === 1);
      expect(app.contexts[0]?.signal.aborted).to.equal(true);
      running.open();
    });

    it('accepts a cancellation, which has nothing to cancel', async () => {
      await using app = await stateless({ enableJsonResponse });
      const params = { requestId: 2 };
      const reply = await post(app, { jsonrpc: '2.0', method: 'notifications/cancelled', params });
      expect(reply.status).to.equal(202);
    });

    it('finishes calls when it closes, and takes no new ones', async () => {
      const running = gate();
      let isRunning = false;
      await using app = await stateless({ enableJsonResponse }, () => {
        isRunning = true;
        return running.opened;
      });
      const pending = post(app, toolCall('whoami'));
      await until('the tool runs', () => isRunning);
      const closing = app.mcp.close();
      expectRefusal(await post(app, toolCall('whoami')), 'closing');
      running.open();
      expect(textOf(await pending)).to.include('"ann"');
      await closing;
    });

    it('cuts calls off that outlast the grace', async () => {
      const running = gate();
      let isRunning = false;
      await using app = await stateless({ enableJsonResponse }, () => {
        isRunning = true;
        return running.opened;
      });
      const pending = post(app, toolCall('whoami')).then(
        (reply) => reply.text,
        () => '',
      );
      await until('the tool runs', () => isRunning);
      await app.mcp.close({ graceMs: 0 });
      expect(await pending).to.not.include('created');
      expect(app.closed()).to.equal(1);
      running.open();
    });
  });
}
