import { expect } from 'chai';
import type { RequestHandler } from 'express';

import { McpGuardError, MemorySessionStore, type Principal, type SessionContext } from '../../lib/index.js';
import { call, initialize, open, toolCall } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { as, begin, seenIn, stand, whoami } from './support/stand.js';

describe('W14: logging in has effects only for a session that there is', () => {
  interface Entry {
    readonly did: 'start' | 'end';
    readonly session: string;
    readonly reason?: string;
  }

  function journal(onStart: (context: SessionContext) => unknown = () => {}) {
    const entries: Entry[] = [];
    return {
      entries,
      startSession: async (principal: Principal, context: SessionContext) => {
        entries.push({ did: 'start', session: context.sessionId });
        await onStart(context);
        return { ...principal, token: `issued for ${context.sessionId}` };
      },
      endSession: async (_: Principal, { sessionId, reason }: SessionContext & { reason: string }) => {
        entries.push({ did: 'end', session: sessionId, reason });
      },
    };
  }

  it('does nothing for requests that begin no session', async () => {
    const { entries, ...verifier } = journal();
    await using target = await stand({ verifier });
    const init = JSON.stringify(initialize());
    const sent: readonly (readonly [Record<string, string>, string])[] = [
      [{ accept: 'application/json' }, init],
      [{ accept: 'text/html' }, init],
      [{ 'content-type': 'text/plain' }, init],
      [{}, init.slice(0, -1)],
      [{}, `[${init}]`],
      [{}, `[${init},${init}]`],
      [{}, JSON.stringify(toolCall('whoami'))],
      [{}, init.replace('initialize', 'Initialize')],
      [{ 'mcp-session-id': '_'.repeat(43) }, JSON.stringify(toolCall('whoami'))],
    ];
    for (const [headers, body] of sent) {
      const reply = await call(target.url, { headers: { ...as('ada'), ...headers }, body });
      expect(reply.status, body).to.be.within(400, 499);
    }
    for (const method of ['GET', 'DELETE', 'HEAD', 'OPTIONS']) {
      expect((await call(target.url, { method, headers: as('ada') })).status).to.be.within(400, 405);
    }
    expect(entries).to.deep.equal([]);
    expect(await target.binding.list()).to.deep.equal([]);
  });

  it('runs once the store has the session, before the server is built, which sees what it issued', async () => {
    const had: number[] = [];
    const { entries, ...verifier } = journal(async () => {
      had.push((await target.binding.list()).length);
    });
    await using target = await stand({ verifier });
    const session = await begin(target, as('ada'));
    const { token } = seenIn((await whoami(target, as('ada'), session)).text);
    expect({ had, entries, token }).to.deep.equal({
      had: [1],
      entries: [{ did: 'start', session }],
      token: `issued for ${session}`,
    });
  });

  const FAILURES: readonly (readonly [string, () => never, number])[] = [
    [
      'throws',
      () => {
        throw new Error('no server today');
      },
      503,
    ],
    [
      'refuses',
      () => {
        throw new McpGuardError('forbidden');
      },
      403,
    ],
    ['answers nonsense', () => ({}) as never, 503],
  ];
  for (const [what, createServer, status] of FAILURES) {
    it(`is undone where createServer ${what}`, async () => {
      const { entries, ...verifier } = journal();
      await using target = await stand({ verifier, handler: { createServer, onError: () => {} } });
      const reply = await call(target.url, { headers: as('ada'), body: initialize() });
      expect(reply.status).to.equal(status);
      expect(entries.map(({ did, reason }) => [did, reason])).to.deep.equal([
        ['start', undefined],
        ['end', 'failed'],
      ]);
      expect(new Set(entries.map((entry) => entry.session))).to.have.length(1);
      expect(await target.binding.list()).to.deep.equal([]);
    });
  }

  it('is undone where the transport refuses the message after all', async () => {
    const { entries, ...verifier } = journal();
    await using target = await stand({ verifier });
    const malformed = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: 7 } };
    const reply = await call(target.url, { headers: as('ada'), body: malformed });
    expect(reply.status).to.equal(400);
    expect(entries.map(({ did }) => did)).to.deep.equal(['start', 'end']);
    expect(await target.binding.list()).to.deep.equal([]);
  });

  it('is undone where the client has gone before it was done', async () => {
    const { opened, open: letGo } = gate();
    const left: unknown[] = [];
    const watch: RequestHandler = (_request, response, next) => {
      response.once('close', () => left.push(response));
      next();
    };
    const { entries, ...verifier } = journal(() => opened);
    await using target = await stand({ verifier, first: [watch] });
    const controller = new AbortController();
    const calling = open(target.url, {
      headers: as('ada'),
      body: initialize(),
      signal: controller.signal,
    }).catch(() => 'gone');
    await until('the login runs', () => entries.length === 1);
    controller.abort();
    expect(await calling).to.equal('gone');
    await until('the server has seen it leave', () => left.length === 1);
    letGo();
    await until('it is undone', () => entries.length === 2);
    expect(entries[1]).to.include({ did: 'end', reason: 'failed' });
    expect(await target.binding.list()).to.deep.equal([]);
  });
});

describe('W17: one person cannot fill the house', () => {
  it('keeps 200 parallel initialize within the cap, counted before anything is built', async () => {
    let building = 0;
    let most = 0;
    await using target = await stand({
      binding: { maxSessionsPerPrincipal: 5, onLimit: 'refuse' },
      handler: {
        createServer: async ({ principal }) => {
          building += 1;
          most = Math.max(most, building);
          await new Promise((resolve) => setImmediate(resolve));
          return buildServer(principal);
        },
      },
    });
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => call(target.url, { headers: as('ada'), body: initialize() })),
    );
    const refused = replies.filter(({ status }) => status !== 200);
    expect({ refused: refused.length, building, most }).to.deep.equal({ refused: 195, building: 5, most: 5 });
    for (const reply of refused) expectRefusal(reply, 'session_limit');
    // Others have their own share.
    await begin(target, as('bob'));
  });

  it('evicts nothing that is still being built', async () => {
    const { opened, open: letGo } = gate();
    const building: string[] = [];
    await using target = await stand({
      binding: { maxSessionsPerPrincipal: 2 },
      handler: {
        createServer: async ({ principal }) => {
          building.push(principal.subject);
          await opened;
          return buildServer(principal);
        },
      },
    });
    const ask = () => call(target.url, { headers: as('ada'), body: initialize() });
    const first = [ask(), ask()];
    await until('both are being built', () => building.length === 2);
    for (const reply of await Promise.all([ask(), ask(), ask()])) expectRefusal(reply, 'session_limit');
    letGo();
    expect((await Promise.all(first)).map(({ status }) => status)).to.deep.equal([200, 200]);
    expect(building).to.have.length(2);
    expect((await ask()).status).to.equal(200);
  });

  it('evicts a person’s own sessions, and at the total limit refuses rather than evict anybody’s', async () => {
    const store = new MemorySessionStore();
    await using target = await stand({ binding: { store, maxSessionsPerPrincipal: 3, maxSessions: 4 } });
    const bobs = await begin(target, as('bob'));
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const reply = await call(target.url, { headers: as('ada'), body: initialize() });
      ids.push(String(reply.headers['mcp-session-id']));
      expect((await target.binding.list()).length).to.be.at.most(4);
    }
    expect((await whoami(target, as('bob'), bobs)).status).to.equal(200);
    const alive = await Promise.all(ids.map((id) => whoami(target, as('ada'), id)));
    expect(alive.filter(({ status }) => status === 200)).to.have.length(3);
    expectRefusal(await call(target.url, { headers: as('bob'), body: initialize() }), 'session_limit');
  });
});
