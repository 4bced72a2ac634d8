import { createHash } from 'node:crypto';
import { getHeapSnapshot, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import type { Principal, SessionBindingOptions, SessionContext, SessionEndReason } from '../../lib/index.js';
import { call } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { BASIC, expectRefusal } from '../support/refusal.js';
import { openStream } from '../support/stream.js';
import { as, begin, type Stand, stand, whoami } from './support/stand.js';

const remove = ({ url }: Stand, session: string) =>
  call(url, { method: 'DELETE', headers: { ...as('ada'), 'mcp-session-id': session } });

describe('W15: the application’s session ends with the MCP session, once, with the reason', () => {
  interface Scene {
    readonly target: Stand;
    readonly session: string;
    readonly servers: readonly McpServer[];
    advance(ms: number): void;
    disable(): void;
  }
  const WAYS: readonly (readonly [SessionEndReason, SessionBindingOptions, (scene: Scene) => unknown])[] = [
    ['deleted', {}, ({ target, session }) => remove(target, session)],
    ['idle', { idleSeconds: 60 }, ({ advance }) => advance(61_000)],
    ['expired', { absoluteSeconds: 90, idleSeconds: 1000 }, ({ advance }) => advance(91_000)],
    ['revoked', {}, ({ target, session }) => target.binding.revoke({ sessionId: session })],
    ['revoked', {}, ({ target }) => target.binding.revoke({ subject: 'person ada' })],
    ['evicted', { maxSessionsPerPrincipal: 1 }, ({ target }) => begin(target, as('ada'))],
    [
      'inactive',
      {},
      ({ target, session, disable }) => {
        disable();
        return whoami(target, as('ada'), session);
      },
    ],
    ['failed', {}, ({ servers }) => servers[0]?.close()],
    ['shutdown', {}, ({ target }) => target.handler.close({ graceMs: 0 })],
    ['shutdown', {}, ({ target }) => target.binding.close()],
  ];

  for (const [reason, binding, way] of WAYS) {
    it(`ends as ${reason}, however many others try to end it too`, async () => {
      const ended: unknown[] = [];
      const servers: McpServer[] = [];
      let active = true;
      using clock = stopClock();
      await using target = await stand({
        limiter: false,
        binding,
        verifier: {
          isActive: () => active,
          startSession: async (principal: Principal) => ({ ...principal, token: 'issued' }),
          endSession: async ({ subject, token }, { sessionId, reason: why }) => {
            ended.push({ subject, token, sessionId, why });
          },
        },
        handler: {
          createServer: ({ principal }) => {
            const server = buildServer(principal);
            servers.push(server);
            return server;
          },
        },
      });
      const session = await begin(target, as('ada'));
      const scene: Scene = {
        target,
        session,
        servers,
        advance: (ms) => clock.advance(ms),
        disable: () => {
          active = false;
        },
      };
      await Promise.all([way(scene), way(scene)]);
      const mine = () => ended.filter((entry) => (entry as { sessionId: string }).sessionId === session);
      await until('it has ended', () => mine().length > 0);
      await Promise.all([
        remove(target, session),
        target.binding.revoke({ sessionId: session }),
        servers[0]?.close(),
        target.handler.close({ graceMs: 0 }),
        target.binding.close(),
      ]);
      expect(mine()).to.deep.equal([
        { subject: 'person ada', token: 'issued', sessionId: session, why: reason },
      ]);
    });
  }
});

describe('W16: nothing stays behind of a session that has ended', () => {
  it('frees the server of every one of 150 sessions, whoever ended it', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const servers: WeakRef<McpServer>[] = [];
    const ended: string[] = [];
    await using target = await stand({
      binding: { maxSessions: 2 },
      verifier: {
        endSession: async (_: Principal, { sessionId }: SessionContext) => {
          ended.push(sessionId);
        },
      },
      handler: {
        createServer: ({ principal }) => {
          const server = buildServer(principal);
          servers.push(new WeakRef(server));
          return server;
        },
      },
    });
    for (let n = 0; n < 50; n += 1) {
      expect((await remove(target, await begin(target, as('ada')))).status).to.equal(200);
      await target.binding.revoke({ sessionId: await begin(target, as('ada')) });
      await begin(target, as('ada'));
      await servers.at(-1)?.deref()?.close();
      await until('the third has ended', () => ended.length === 3 * (n + 1));
    }
    expect(await target.binding.list()).to.deep.equal([]);
    expect(new Set(ended)).to.have.length(150);
    await until('every server is freed', () => {
      collectGarbage();
      return servers.every((server) => server.deref() === undefined);
    });
  }).timeout(60_000);

  it('leaves no entry in any map: hardly an id of 60 is found in the whole heap', async () => {
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const ids = new Set<string>();
    await using target = await stand();
    for (let n = 0; n < 60; n += 1) {
      // Kept as a hash, so that the test is not what remembers it.
      const session = await begin(target, as('ada'));
      ids.add(hash(session));
      if (n % 2) await remove(target, session);
      else await target.binding.revoke({ sessionId: session });
    }
    const found = new Set<string>();
    let rest = '';
    for await (const chunk of getHeapSnapshot()) {
      const text = rest + String(chunk);
      for (const word of text.match(/[\w-]{43}/g) ?? []) if (ids.has(hash(word))) found.add(word);
      rest = text.slice(-50);
    }
    // What the last requests have left on the stack and in buffers.
    expect(found.size).to.be.at.most(5);
  }).timeout(60_000);
});

describe('W25: closing lets calls finish, takes no more, and ends the rest', () => {
  async function busy(graceMs: number) {
    const { opened, open: answer } = gate();
    const ran: string[] = [];
    const ended: string[] = [];
    const target = await stand({
      verifier: { endSession: async (_, { reason }) => void ended.push(reason) },
      handler: {
        createServer: ({ principal }) =>
          buildServer(principal, (tool) => {
            ran.push(tool);
            return opened;
          }),
      },
    });
    const session = await begin(target, as('ada'));
    const headers = { ...as('bob'), 'mcp-session-id': await begin(target, as('bob')) };
    const stream = await openStream(target.url, { method: 'GET', headers });
    const calling = whoami(target, as('ada'), session);
    await until('the tool runs', () => ran.length === 1);
    const closing = target.handler.close({ graceMs });
    return { target, session, stream, calling, closing, answer, ended };
  }

  it('answers the running call, refuses new ones, and ends streams and sessions last', async () => {
    const { target, session, stream, calling, closing, answer, ended } = await busy(60_000);
    await using _ = target;
    for (const method of ['POST', 'GET', 'DELETE']) {
      const headers = { ...as('ada'), 'mcp-session-id': session };
      const reply = await call(target.url, { method, headers });
      expectRefusal(reply, 'closing');
      expect(reply.headers.connection).to.equal('close');
    }
    expectRefusal(await call(target.url, { headers: { authorization: 'Basic' } }), 'malformed_credentials', {
      challenges: [BASIC],
    });
    expect({ ended, isEnded: stream.isEnded }).to.deep.equal({ ended: [], isEnded: false });
    answer();
    expect((await calling).status).to.equal(200);
    await Promise.all([closing, stream.ended]);
    expect(ended).to.deep.equal(['shutdown', 'shutdown']);
  });

  it('waits no longer than it was told to', async () => {
    const { target, stream, calling, closing, ended } = await busy(20);
    await using _ = target;
    await Promise.all([closing, stream.ended]);
    expect((await calling).status).to.equal(503);
    expect(ended).to.deep.equal(['shutdown', 'shutdown']);
  });
});
