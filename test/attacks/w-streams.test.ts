import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';
import type { RequestHandler } from 'express';

import { call, toolCall } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { openStream } from '../support/stream.js';
import { as, begin, checkPassword, type Stand, stand, whoami } from './support/stand.js';

const hear = ({ url }: Stand, session: string) =>
  openStream(url, { method: 'GET', headers: { ...as('ada'), 'mcp-session-id': session } });
const remove = ({ url }: Stand, session: string) =>
  call(url, { method: 'DELETE', headers: { ...as('ada'), 'mcp-session-id': session } });

describe('W18: a session with an open stream or a running call is not idle, and not eternal', () => {
  it('ends only those that nobody uses, and all of them at their absolute end', async () => {
    using clock = stopClock();
    const { opened, open: answer } = gate();
    const running: string[] = [];
    await using target = await stand({
      binding: { idleSeconds: 100, absoluteSeconds: 10_000 },
      handler: {
        enableJsonResponse: false,
        createServer: ({ principal }) =>
          buildServer(principal, (tool) => {
            running.push(tool);
            return opened;
          }),
      },
    });
    const idle = await begin(target, as('ada'));
    const streaming = await begin(target, as('ada'));
    const calling = await begin(target, as('ada'));
    const stream = await hear(target, streaming);
    const answering = await openStream(target.url, {
      headers: { ...as('ada'), 'mcp-session-id': calling },
      body: toolCall('whoami'),
    });
    await until('the tool runs', () => running.length === 1);
    clock.advance(5_000_000);
    await until('the idle one has ended', async () => (await target.binding.list()).length < 3);
    expect((await target.binding.list()).map(({ id }) => id)).to.have.members([streaming, calling]);
    expectRefusal(await whoami(target, as('ada'), idle), 'session_not_found');
    expect([stream.isEnded, answering.isEnded]).to.deep.equal([false, false]);
    clock.advance(5_001_000);
    await Promise.all([stream.ended, answering.ended]);
    await until('all have ended', async () => (await target.binding.list()).length === 0);
    answer();
    expectRefusal(await whoami(target, as('ada'), streaming), 'session_not_found');
  });

  it('counts idle time from the end of the stream', async () => {
    using clock = stopClock();
    const left: unknown[] = [];
    const watch: RequestHandler = (request, response, next) => {
      if (request.method === 'GET') response.once('close', () => left.push(response));
      next();
    };
    await using target = await stand({ first: [watch], binding: { idleSeconds: 100 } });
    const session = await begin(target, as('ada'));
    const stream = await hear(target, session);
    clock.advance(1_000_000);
    stream.drop();
    await until('the server has seen it leave', () => left.length === 1);
    // Whatever a sweep would end is gone when a session that is revoked after it is.
    clock.advance(99_000);
    await target.binding.revoke({ sessionId: await begin(target, as('bob')) });
    expect((await target.binding.list()).map(({ id }) => id)).to.deep.equal([session]);
    clock.advance(1_000);
    await until('it has ended', async () => (await target.binding.list()).length === 0);
  });
});

describe('W19: an open stream dies with what it was opened with, within a second', () => {
  const ENDS: readonly (readonly [
    string,
    number,
    (scene: { target: Stand; session: string; isActive: { answer(): boolean } }) => unknown,
  ])[] = [
    ['the session is revoked', 0, ({ target, session }) => target.binding.revoke({ sessionId: session })],
    ['its person is revoked', 0, ({ target }) => target.binding.revoke({ subject: 'person ada' })],
    ['it is deleted', 0, ({ target, session }) => remove(target, session)],
    ['the credential’s time is up', 50_000, () => {}],
    [
      'its person is disabled',
      20_000,
      ({ isActive }) => {
        isActive.answer = () => false;
      },
    ],
    [
      'whether its person is active cannot be told twice in a row',
      40_000,
      ({ isActive }) => {
        isActive.answer = () => {
          throw new Error('the directory is down');
        };
      },
    ],
  ];
  for (const [what, waitMs, way] of ENDS) {
    it(`closes when ${what}`, async () => {
      using clock = stopClock();
      const servers: McpServer[] = [];
      const isActive = { answer: () => true };
      const expiresAt = Date.now() / 1000 + 50;
      await using target = await stand({
        binding: { recheckSeconds: 20 },
        verifier: {
          verify: (credentials) => {
            const principal = checkPassword(credentials);
            return principal && { ...principal, expiresAt };
          },
          isActive: () => isActive.answer(),
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
      const stream = await hear(target, session);
      await servers[0]?.server.sendLoggingMessage({ level: 'info', data: 'before' });
      await until('the stream speaks', () => stream.text.includes('before'));
      await way({ target, session, isActive });
      // One recheck is asked and answered at a time.
      for (let passed = 0; passed < waitMs; passed += 10_000) {
        expect(stream.isEnded, `after ${passed} ms`).to.equal(false);
        clock.advance(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      clock.advance(1000);
      await stream.ended;
      await servers[0]?.server.sendLoggingMessage({ level: 'info', data: 'after' }).catch(() => {});
      expect(stream.text).to.not.include('after');
    });
  }
});
