import { expect } from 'chai';
import type { RequestHandler } from 'express';

import {
  McpGuardError,
  MemorySessionStore,
  mcpBearerAuth,
  mcpSessionBinding,
  type Principal,
} from '../../lib/index.js';
import { requestState } from '../../lib/request-state.js';
import { attachmentOf } from '../../lib/sessions/attachment.js';
import { call, type Reply, toolCall } from '../support/call.js';
import { listen } from '../support/events.js';
import { gate } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { expectRefusal } from '../support/refusal.js';
import { type Served, serve } from '../support/serve.js';
import { begin } from '../support/session.js';

/** An id that might be ours. */
const UNKNOWN = 'A'.repeat(43);

/** Answers with the session that the binding found. */
const named: RequestHandler = (request, response) => {
  const attachment = attachmentOf(requestState(request));
  response.json({ isAttached: attachment !== undefined, session: attachment?.session?.id ?? null });
};
const asAnn: RequestHandler = (request, _response, next) => {
  requestState(request).principal = { subject: 'ann' };
  next();
};
const WITHOUT = { isAttached: true, session: null };

const served = (): Promise<Served> => serve(asAnn, mcpSessionBinding(), named);
const at = (url: URL, query: string): URL => new URL(`?${query}`, url);
const post = (url: URL, headers: Record<string, string | string[]> = {}): Promise<Reply> =>
  call(url, { headers: headers as Record<string, string>, body: toolCall('whoami') });

describe('mcpSessionBinding and the id of a session', () => {
  it('takes methods of MCP alone, whoever asks', async () => {
    await using endpoint = await served();
    const reply = await call(endpoint.url, { method: 'PUT' });
    expect([reply.status, reply.headers.allow]).to.deep.equal([405, 'GET, POST, DELETE']);
  });

  it('goes on without a session where none is named', async () => {
    await using endpoint = await served();
    expect((await post(endpoint.url)).json).to.deep.equal(WITHOUT);
  });

  it('lets nobody on whose client is gone', async () => {
    let passed = 0;
    const leaves: RequestHandler = (request, response, next) => {
      response.once('close', () => {
        next();
        isOver.open();
      });
      request.socket.destroy();
    };
    const isOver = gate<void>();
    await using endpoint = await serve(asAnn, leaves, mcpSessionBinding(), () => {
      passed += 1;
    });
    await post(endpoint.url).catch(() => {});
    await isOver.opened;
    expect(passed).to.equal(0);
  });

  for (const [what, id] of [
    ['twice', [UNKNOWN, UNKNOWN]],
    ['with a space in it', 'a b'],
    ['with what is no ASCII', 'caf\u00e9'],
  ] as const) {
    it(`refuses an id ${what}`, async () => {
      using heard = listen();
      await using endpoint = await served();
      expectRefusal(await post(endpoint.url, { 'mcp-session-id': id as string }), 'invalid_session_id');
      expect(heard.events).to.deep.equal([]);
    });
  }

  for (const [id, reason] of [
    [UNKNOWN, 'unknown_session'],
    ['short', 'malformed_session_id'],
  ] as const) {
    it(`knows no session ${id}, and tells that in its name`, async () => {
      using heard = listen();
      await using endpoint = await served();
      expectRefusal(await post(endpoint.url, { 'mcp-session-id': id }), 'session_not_found');
      expect(heard.events).to.have.length(1);
      expect(heard.events[0]).to.include({ type: 'session.refused', reason, guard: 'mcpSessionBinding' });
    });
  }

  it('leaves to its handler what a query names, and speaks of it where it may be an id', async () => {
    await using endpoint = await served();
    for (const [query, told] of [
      ['sessionId=short', 0],
      ['sessionId=caf%C3%A9', 0],
      [`sessionId=${UNKNOWN}&sessionId=${UNKNOWN}`, 0],
      [`sessionId=${UNKNOWN}`, 1],
    ] as const) {
      using heard = listen();
      expect((await post(at(endpoint.url, query))).json, query).to.deep.equal(WITHOUT);
      expect(heard.events, query).to.have.length(told);
    }
  });

  it('believes the header where both are there', async () => {
    using heard = listen();
    await using endpoint = await served();
    const both = at(endpoint.url, `sessionId=${UNKNOWN}`);
    expectRefusal(await post(both, { 'mcp-session-id': 'short' }), 'session_not_found');
    expect(heard.events.map((event) => 'reason' in event && event.reason)).to.deep.equal([
      'malformed_session_id',
    ]);
  });

  it('ends a session that may do more than its owner, and no other that is refused', async () => {
    let scopes = ['read', 'write'];
    const verify = ({ token }: { token: string }): Principal => ({ subject: token, scopes });
    await using endpoint = await guarded({ bearer: { verify } });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const session = await begin(endpoint.url, bearer('ann'));
    const use = (token: string) => post(endpoint.url, { ...session.headers, ...bearer(token) });
    expectRefusal(await use('eve'), 'session_not_found');
    expect(await endpoint.sessions.list()).to.have.length(1);
    await using elsewhere = await serve(
      mcpBearerAuth({ verifier: verify, proofCache: false }),
      endpoint.sessions,
      named,
    );
    scopes = ['read'];
    const less = { ...session.headers, ...bearer('ann') };
    expectRefusal(await post(elsewhere.url, less), 'session_not_found');
    expect(await endpoint.sessions.list()).to.have.length(0);
  });

  it('tells that it is closing, where a session is only another node’s by now', async () => {
    const store = Object.assign(new MemorySessionStore(), { shared: true as const });
    await using endpoint = await guarded({ binding: { store } });
    const session = await begin(endpoint.url, as('ann'));
    await endpoint.sessions.close();
    using heard = listen();
    const reply = await session.send(toolCall('whoami'));
    expect(reply.status).to.equal(new McpGuardError('closing').status);
    expect(heard.events.map((event) => 'reason' in event && event.reason)).to.include('closing');
  });
});
