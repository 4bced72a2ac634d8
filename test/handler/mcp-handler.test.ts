import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';

import { type CreateServerContext, mcpHandler } from '../../lib/index.js';
import { call, initialize, toolCall } from '../support/call.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { eventStore } from '../support/event-store.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { bad, checksOptions } from '../support/options.js';
import { BEARER, expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { begin } from '../support/session.js';
import { catchWarnings } from '../support/warnings.js';

describe('mcpHandler', () => {
  const createServer = ({ principal }: CreateServerContext) => buildServer(principal);
  checksOptions(
    'mcpHandler',
    mcpHandler,
    { createServer },
    {
      createServer: bad.callback,
      maxBodyBytes: bad.count,
      enableJsonResponse: bad.flag,
      eventStore: [null, 'x', {}, { storeEvent() {} }, { replayEventsAfter() {} }, () => {}],
      keepAliveMs: bad.milliseconds,
      createTimeoutMs: bad.milliseconds,
      failover: bad.flag,
      onError: bad.callback,
    },
  );

  it('serves nobody', async () => {
    await using served = await serve(mcpHandler({ createServer: () => expect.fail('a server was made') }));
    const reply = await call(served.url, { body: initialize() });
    expectRefusal(reply, 'missing_credentials', { challenges: [BEARER] });
  });

  it('tells createServer whom it is for, once a session', async () => {
    const contexts: CreateServerContext[] = [];
    await using app = await guarded({
      createServer: (context) => {
        contexts.push(context);
        return buildServer(context.principal);
      },
    });
    const session = await begin(app.url, as('ann'));
    await session.tool('whoami');
    const [{ principal, sessionId, signal }, second] = contexts as [CreateServerContext, undefined];
    expect([principal.subject, sessionId, second]).to.deep.equal(['ann', session.id, undefined]);
    expect(sessionId).to.match(/^[\w-]{43}$/);
    expect(signal.aborted).to.equal(false);
    await session.delete();
    expect(signal.aborted).to.equal(true);
  });

  it('serves the low-level Server as well', async () => {
    await using app = await guarded({
      createServer: async () => {
        const server = new Server({ name: 'low', version: '1' }, { capabilities: { tools: {} } });
        server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [] }));
        return server;
      },
    });
    const session = await begin(app.url, as('ann'));
    const { text } = await session.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect(text).to.include('"tools":[]');
  });

  for (const [maxBodyBytes, options] of [
    [1_048_576, {}],
    [300, { maxBodyBytes: 300 }],
  ] as const) {
    it(`reads bodies up to ${maxBodyBytes} bytes`, async () => {
      await using app = await guarded({ handler: options });
      const session = await begin(app.url, as('ann'));
      const sized = (bytes: number): string => {
        const { length } = JSON.stringify(toolCall('echo', { text: '' }));
        return JSON.stringify(toolCall('echo', { text: 'x'.repeat(bytes - length) }));
      };
      expect((await session.send(sized(maxBodyBytes))).status).to.equal(200);
      expectRefusal(await session.send(sized(maxBodyBytes + 1)), 'body_too_large');
      const chunked = { 'transfer-encoding': 'chunked' };
      expect((await session.send(sized(maxBodyBytes), chunked)).status).to.equal(200);
      expectRefusal(await session.send(sized(maxBodyBytes + 1), chunked), 'body_too_large');
    });
  }

  for (const [enableJsonResponse, type] of [
    [undefined, 'text/event-stream'],
    [false, 'text/event-stream'],
    [true, 'application/json'],
  ] as const) {
    it(`answers in ${type} with enableJsonResponse ${enableJsonResponse}`, async () => {
      await using app = await guarded({
        handler: enableJsonResponse === undefined ? {} : { enableJsonResponse },
      });
      const session = await begin(app.url, as('ann'));
      const reply = await session.send(toolCall('whoami'));
      expect(reply.headers['content-type']).to.equal(type);
    });
  }

  it('gives events ids with an eventStore, and none without', async () => {
    const store = eventStore(true);
    for (const options of [{ eventStore: store }, {}]) {
      await using app = await guarded({ handler: options });
      const session = await begin(app.url, as('ann'));
      const { text } = await session.send(toolCall('whoami'));
      expect(text.includes('\nid: '), text).to.equal('eventStore' in options);
    }
    expect(store.events).to.not.have.length(0);
  });

  for (const [keepAliveMs, options] of [
    [15_000, {}],
    [200, { keepAliveMs: 200 }],
  ] as const) {
    it(`shows every ${keepAliveMs} ms that a stream is alive`, async () => {
      using clock = stopClock();
      await using app = await guarded({ handler: options });
      const stream = await (await begin(app.url, as('ann'))).listen();
      clock.advance(keepAliveMs - 1);
      expect(stream.text).to.equal('');
      clock.advance(keepAliveMs + 1);
      await until('two comments have come', () => stream.text === ': keepalive\n\n'.repeat(2));
    });
  }

  for (const createTimeoutMs of [undefined, 1234]) {
    for (const hanging of ['createServer', 'startSession']) {
      it(`waits ${createTimeoutMs ?? 5000} ms for ${hanging}${createTimeoutMs ? ', where told' : ''}`, async () => {
        using timeouts = holdTimeouts(createTimeoutMs ?? 5000);
        const never = gate<never>();
        let asked = 0;
        const hang = (): Promise<never> => {
          asked += 1;
          return never.opened;
        };
        await using app = await guarded({
          basic: hanging === 'startSession' ? { startSession: hang } : {},
          handler: {
            onError: () => {},
            ...(hanging === 'createServer' && { createServer: hang }),
            ...(createTimeoutMs !== undefined && { createTimeoutMs }),
          },
        });
        const reply = call(app.url, { headers: as('ann'), body: initialize() });
        await until('it hangs', () => asked === 1);
        timeouts.fire();
        expectRefusal(await reply, 'unavailable');
        expect(await app.sessions.list()).to.deep.equal([]);
      });
    }
  }

  describe('onError', () => {
    const cause = new Error('s3cret of the database');
    const failing = () => {
      throw cause;
    };

    it('gets errors as they are, and a throw of its own changes nothing', async () => {
      const errors: unknown[] = [];
      await using app = await guarded({
        createServer: failing,
        handler: {
          onError: (error) => {
            errors.push(error);
            throw new Error('logger');
          },
        },
      });
      expectRefusal(await call(app.url, { headers: as('ann'), body: initialize() }), 'unavailable');
      expect(errors).to.deep.equal([cause]);
    });

    it('is a warning without content where there is none', async () => {
      using warnings = catchWarnings();
      await using app = await guarded({ createServer: failing });
      expectRefusal(await call(app.url, { headers: as('ann'), body: initialize() }), 'unavailable');
      expect(warnings.texts).to.deep.equal([
        'mcpHandler: createServer failed (Error); pass onError to see it',
      ]);
    });
  });

  describe('close', () => {
    it('refuses options that it does not know', async () => {
      const mcp = mcpHandler({ createServer });
      const cases: readonly unknown[] = [
        null,
        5,
        { grace: 1 },
        ...[Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31, '5', null].map((graceMs) => ({ graceMs })),
      ];
      for (const options of cases) {
        const error = await mcp.close(options as { graceMs: number }).then(
          () => expect.fail(`took ${JSON.stringify(options)}`),
          (reason: unknown) => reason,
        );
        expect(error).to.be.instanceOf(TypeError);
        expect(String(error)).to.match(
          /^TypeError: close: (option "graceMs"|unknown option "grace"|options) must|"grace"/,
        );
      }
      for (const options of [undefined, {}, { graceMs: undefined }, { graceMs: 0 }, { graceMs: 1.5 }]) {
        await mcp.close(options as { graceMs: number });
      }
    });

    it('waits 10 s for calls in flight unless told', async () => {
      using timeouts = holdTimeouts(10_000);
      const running = gate();
      let isRunning = false;
      await using app = await guarded({
        createServer: ({ principal }) =>
          buildServer(principal, () => {
            isRunning = true;
            return running.opened;
          }),
      });
      const session = await begin(app.url, as('ann'));
      const stream = await session.stream(toolCall('whoami'));
      await until('the tool runs', () => isRunning);
      let isClosed = false;
      const closing = app.mcp.close().then(() => {
        isClosed = true;
      });
      await until('closing waits', () => timeouts.count === 1);
      expect([isClosed, stream.isEnded]).to.deep.equal([false, false]);
      timeouts.fire();
      await closing;
      expect(await stream.ended).to.equal('end');
      running.open();
    });
  });
});
