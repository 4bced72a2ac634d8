import type { Client } from '@modelcontextprotocol/client';
import { expect } from 'chai';
import { call, initialize } from '../support/call.js';
import { connect, textOf as textOfV1 } from '../support/client.js';
import { as, bearer } from '../support/guarded.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, resume, textOf } from '../support/session.js';
import { buildServer, connectV2, guardedV2, MODERN, modern, modernTool, type SeenByEra } from './support.js';

const whoami = async (client: Client): Promise<SeenByEra> => {
  const { content } = await client.callTool({ name: 'whoami', arguments: {} });
  return JSON.parse((content as { text: string }[])[0]?.text ?? '');
};

describe('both eras on one URL', () => {
  for (const binding of [undefined, false] as const) {
    it(`each official client sees its own principal, ${binding === false ? 'without' : 'with'} a binding`, async () => {
      await using app = await guardedV2(binding === false ? { binding } : {});
      const { url } = app;
      await using auto = await connectV2(url, as('ann'), 'auto');
      await using pinned = await connectV2(url, bearer('ben'), { pin: MODERN });
      await using legacy = await connectV2(url, as('cal'), 'legacy');
      await using first = await connect(url, as('dan'));
      const seen = await Promise.all([whoami(auto.client), whoami(pinned.client), whoami(legacy.client)]);
      const old = JSON.parse(await textOfV1(first.client, 'whoami')) as SeenByEra;
      for (const one of [...seen, old])
        expect([one.current, one.subject]).to.deep.equal([one.created, one.created]);
      expect([...seen, old].map(({ era, created }) => [era, created])).to.deep.equal([
        ['modern', 'ann'],
        ['modern', 'ben'],
        ['legacy', 'cal'],
        ['legacy', 'dan'],
      ]);
      expect(seen[0]?.sessionId).to.equal(undefined);
      expect(seen[2]?.sessionId).to.equal(legacy.transport.sessionId);
      expect(legacy.transport.sessionId === undefined).to.equal(binding === false);
      const records = await app.sessions.list();
      expect(records.map(({ principal }) => principal.subject).sort()).to.deep.equal(
        binding === false ? [] : ['cal', 'dan'],
      );
    });
  }

  it('F1 tools of either era see no secret header, by whichever way', async () => {
    await using app = await guardedV2();
    const session = await begin(app.url, as('ann'));
    const old = JSON.parse(await session.tool('whoami')) as SeenByEra;
    const { headers } = JSON.parse(
      textOf(
        await call(
          app.url,
          modern({ ...as('ann'), cookie: 'x', 'x-mcp-token': 'y' }, 'tools/call', { name: 'whoami' }),
        ),
      ),
    ) as SeenByEra;
    for (const seen of [old.headers, headers]) {
      expect(seen).to.include('mcp-protocol-version');
      expect(seen).to.not.include.members(['authorization']);
      expect(seen).to.not.include.members(['cookie']);
      expect(seen).to.not.include.members(['x-mcp-token']);
      expect(seen).to.not.include.members(['mcp-session-id']);
    }
  });

  it('A2 a legacy-shaped request that claims the modern version cannot dodge the binding', async () => {
    const ran: string[] = [];
    await using app = await guardedV2({
      createServer: (context) => buildServer(context, (tool) => ran.push(tool)),
    });
    const session = await begin(app.url, as('ann'));
    const stranger = resume(app.url, as('eve'), session.id, MODERN);
    const message = {
      jsonrpc: '2.0',
      id: 5,
      method: 'tools/call',
      params: { name: 'whoami', arguments: {} },
    };
    const more = { 'mcp-method': 'tools/call', 'mcp-name': 'whoami' };
    expectRefusal(await stranger.send(message, more), 'session_not_found');
    expectRefusal(
      await stranger.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
      'session_not_found',
    );
    // Without an id, and with one's own, the SDK refuses what is neither one thing nor the other.
    for (const headers of [{}, { 'mcp-session-id': session.id }]) {
      const reply = await call(app.url, {
        headers: { ...as('ann'), ...more, ...headers, 'mcp-protocol-version': MODERN },
        body: message,
      });
      expect([reply.status, (reply.json as { error: { code: number } }).error.code]).to.deep.equal([
        400, -32602,
      ]);
    }
    expect(ran).to.deep.equal([]);
    expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
  });

  it('A2 a modern request is unmoved by a session id that it carries', async () => {
    const logins: string[] = [];
    await using app = await guardedV2({
      basic: {
        startSession: (principal) => ({ ...principal, token: `issued to ${logins.push(principal.subject)}` }),
      },
    });
    const session = await begin(app.url, as('ann'));
    expect(JSON.parse(await session.tool('whoami'))).to.include({ token: 'issued to 1' });
    const foreign = await begin(app.url, as('ben'));
    const ids = [session.id, foreign.id, 'A'.repeat(43), 'constructor'];
    for (const id of ids) {
      const reply = await modernTool(app.url, { ...as('ann'), 'mcp-session-id': id }, 'whoami');
      expect(reply.status, id).to.equal(200);
      const seen = JSON.parse(textOf(reply)) as SeenByEra;
      expect(seen, id).to.include({
        era: 'modern',
        created: 'ann',
        current: 'ann',
        subject: 'ann',
        token: '',
      });
      expect(seen.sessionId, id).to.equal(undefined);
      expect(reply.headers['mcp-session-id'], id).to.equal(undefined);
    }
    await app.sessions.revoke({ sessionId: session.id });
    expect(
      (await modernTool(app.url, { ...as('ann'), 'mcp-session-id': session.id }, 'whoami')).status,
    ).to.equal(200);
    expectRefusal(await session.send({ jsonrpc: '2.0', id: 9, method: 'ping' }), 'session_not_found');
  });

  it('W6 a modern request is proven by itself', async () => {
    await using app = await guardedV2();
    for (const [credentials, code] of [
      [{}, 'missing_credentials'],
      [{ authorization: 'Basic x' }, 'malformed_credentials'],
      [{ authorization: `Basic ${btoa('ann:wrong')}` }, 'invalid_credentials'],
    ] as const) {
      const reply = await modernTool(app.url, credentials as Record<string, string>, 'whoami');
      expect([reply.status, reply.code]).to.deep.equal([401, code]);
    }
  });

  it('W12 carries the principal of the request', async () => {
    await using app = await guardedV2({ bearer: { verify: ({ token }) => ({ subject: 'ann', token }) } });
    for (const token of ['t1', 't2']) {
      const seen = JSON.parse(textOf(await modernTool(app.url, bearer(token), 'whoami'))) as SeenByEra;
      expect(seen.token).to.equal(token);
    }
  });

  it('A9 the same JSON-RPC id from many at once reaches each its own', async () => {
    await using app = await guardedV2();
    const names = Array.from({ length: 200 }, (_, n) => `user${n}`);
    const replies = await Promise.all(
      names.map((name) => modernTool(app.url, bearer(name), 'whoami', {}, 7)),
    );
    const seen = replies.map((reply) => JSON.parse(textOf(reply)) as SeenByEra);
    expect(seen.map(({ created }) => created)).to.deep.equal(names);
    expect(seen.map(({ current }) => current)).to.deep.equal(names);
  });

  it('an initialize with any session id starts a session of its own', async () => {
    await using app = await guardedV2();
    const reply = await call(app.url, {
      headers: { ...as('ann'), 'mcp-session-id': 'constructor' },
      body: initialize(),
    });
    expect(reply.status).to.equal(200);
    expect(reply.headers['mcp-session-id']).to.match(/^[\w-]{43}$/);
  });
});
