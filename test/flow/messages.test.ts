import { expect } from 'chai';
import express, { type RequestHandler } from 'express';

import { call, initialize, toolCall } from '../support/call.js';
import { as, guarded } from '../support/guarded.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, messagesOf } from '../support/session.js';

const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

for (const enableJsonResponse of [false, true]) {
  describe(`messages, answered in ${enableJsonResponse ? 'JSON' : 'events'}`, () => {
    const handler = { enableJsonResponse };

    it('answers a batch, each call once', async () => {
      await using app = await guarded({ handler });
      const session = await begin(app.url, as('ann'), '2025-03-26');
      const texts = ['a', 'b', 'c'];
      const note = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
      const calls = texts.map((text, i) => toolCall('echo', { text }, `call ${i}`));
      const reply = await session.send([note, ...calls]);
      expect(reply.status).to.equal(200);
      const answers = messagesOf(reply).map(({ id, result }): [unknown, unknown] => [id, result?.content]);
      expect(answers).to.have.length(3);
      expect(new Map(answers)).to.deep.equal(
        new Map(texts.map((text, i) => [`call ${i}`, [{ type: 'text', text }]])),
      );
      expect((await session.send([note, note])).status).to.equal(202);
    });

    for (const version of VERSIONS) {
      it(`negotiates ${version} and takes it as header`, async () => {
        await using app = await guarded({ handler });
        const session = await begin(app.url, as('ann'), version);
        expect(await session.tool('echo', { text: 'x' })).to.equal('x');
      });
    }

    it('answers an unknown protocol version in the header with 400, in the words of the SDK', async () => {
      await using app = await guarded({ handler });
      const session = await begin(app.url, as('ann'));
      const odd = { 'mcp-protocol-version': '1999-01-01' };
      for (const reply of [
        await session.send(toolCall('whoami'), odd),
        await call(app.url, { method: 'GET', headers: { ...session.headers, ...odd } }),
        await call(app.url, { method: 'DELETE', headers: { ...session.headers, ...odd } }),
      ]) {
        expect([reply.status, reply.text]).to.satisfy(
          ([status, text]: [number, string]) =>
            status === 400 && text.includes('Unsupported protocol version'),
        );
      }
      expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
    });

    it('answers what is no JSON-RPC with 400, in the words of the SDK, and the session goes on', async () => {
      await using app = await guarded({ handler });
      const session = await begin(app.url, as('ann'));
      for (const nonsense of [{}, 5, 'x', null, { jsonrpc: '1.0', id: 1, method: 'x' }, [{}]]) {
        const reply = await session.send(JSON.stringify(nonsense));
        expect(reply.status, JSON.stringify(nonsense)).to.equal(400);
      }
      expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
    });

    it('starts a new session at an initialize within a session, and the old one goes on', async () => {
      await using app = await guarded({ handler });
      const session = await begin(app.url, as('ann'));
      const reply = await call(app.url, { headers: session.headers, body: initialize() });
      expect(reply.status).to.equal(200);
      expect(reply.headers['mcp-session-id'])
        .to.match(/^[\w-]{43}$/)
        .and.not.equal(session.id);
      expect(await app.sessions.list()).to.have.length(2);
      expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
    });

    it('takes the body that express.json() has read before it', async () => {
      await using app = await guarded({
        handler: { ...handler, maxBodyBytes: 1 },
        before: [express.json()],
      });
      const session = await begin(app.url, as('ann'));
      expect(await session.tool('echo', { text: 'x'.repeat(50_000) })).to.have.length(50_000);
      const stale = { ...as('ann'), 'mcp-session-id': 'A'.repeat(43) };
      expect((await call(app.url, { headers: stale, body: initialize() })).status).to.equal(200);
      expectRefusal(await call(app.url, { headers: stale, body: toolCall('whoami') }), 'session_not_found');
    });

    it('takes the text and the bytes that other parsers have read', async () => {
      for (const parser of [express.text({ type: '*/*' }), express.raw({ type: '*/*' })]) {
        await using app = await guarded({ handler, before: [parser] });
        const session = await begin(app.url, as('ann'));
        expect(await session.tool('echo', { text: 'x' })).to.equal('x');
        expectRefusal(await session.send('{'), 'invalid_body');
      }
    });

    it('refuses a body that somebody has read and thrown away', async () => {
      const thief: RequestHandler = (request, _response, next) => {
        request.resume();
        request.once('end', next);
      };
      await using app = await guarded({ handler, before: [thief] });
      expectRefusal(await call(app.url, { headers: as('ann'), body: initialize() }), 'invalid_body');
    });

    it('refuses a body that is encoded', async () => {
      await using app = await guarded({ handler });
      const session = await begin(app.url, as('ann'));
      for (const encoding of ['gzip', 'br', 'identity, gzip']) {
        const reply = await session.send(toolCall('whoami'), { 'content-encoding': encoding });
        expectRefusal(reply, 'unsupported_media_type');
      }
      expect((await session.send(toolCall('whoami'), { 'content-encoding': 'identity' })).status).to.equal(
        200,
      );
    });
  });
}
