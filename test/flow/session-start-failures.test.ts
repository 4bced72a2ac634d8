import { expect } from 'chai';

import { call, initialize } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { type Gate, gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { catchRejections } from '../support/rejections.js';
import { begin } from '../support/session.js';
import { trace } from '../support/traced.js';

import { failures, LATE, shared, UNDONE } from './session-start-cases.js';

describe('a session whose beginning fails', () => {
  for (const [title, { code, on = {}, server, steps: expected, ended: tokens }] of Object.entries(failures)) {
    it(`${title}: ${code}, and nothing is left`, async () => {
      using rejections = catchRejections();
      const { steps, store, verifier, ended } = trace(on);
      const errors: unknown[] = [];
      let signal: AbortSignal | undefined;
      await using app = await guarded({
        basic: verifier,
        binding: { store },
        handler: { onError: (error) => errors.push(error) },
        createServer: (context) => {
          steps.push('server');
          signal = context.signal;
          return (server ? server() : buildServer(context.principal)) as never;
        },
      });
      expectRefusal(await call(app.url, { headers: as('ann'), body: initialize() }), code);
      expect(steps).to.deep.equal(expected);
      expect(ended.map(({ subject, token }) => [subject, token])).to.deep.equal(
        tokens.map((token) => ['ann', token]),
      );
      if (!on.delete) expect(await app.sessions.list()).to.deep.equal([]);
      expect(signal?.aborted).to.be.oneOf([true, undefined]);
      const isTold = code === 'unavailable' && !on.create && !on.update;
      expect(errors).to.have.length(Number(isTold) + Number(on.end !== undefined));
      expect(rejections.reasons).to.deep.equal([]);
    });
  }

  it('a login that is undone at once, because it names somebody else, may fail at that: 503, and both are told', async () => {
    const errors: string[] = [];
    await using app = await guarded({
      basic: {
        startSession: () => ({ subject: 'eve' }),
        endSession: async () => {
          throw new Error('cannot be undone');
        },
      },
      handler: { onError: (error) => errors.push(String(error)) },
    });
    expectRefusal(await call(app.url, { headers: as('ann'), body: initialize() }), 'unavailable');
    expect(errors).to.deep.equal([
      'Error: cannot be undone',
      'TypeError: mcpHandler: startSession returned something that is not the same principal',
    ]);
    expect(await app.sessions.list()).to.deep.equal([]);
  });

  it('the same server for a second session: 503 and loud, and the first goes on', async () => {
    const errors: unknown[] = [];
    const { steps, store, verifier } = trace();
    await using app = await guarded({
      basic: verifier,
      binding: { store },
      handler: { onError: (error) => errors.push(error) },
      createServer: () => shared,
    });
    const first = await begin(app.url, as('ann'));
    expectRefusal(await call(app.url, { headers: as('ben'), body: initialize() }), 'unavailable');
    expect(String(errors)).to.equal(
      'TypeError: mcpHandler: createServer returned the same server twice; it must return a fresh one',
    );
    expect(steps.slice(-2)).to.deep.equal(UNDONE);
    expect(await first.tool('echo', { text: 'goes on' })).to.equal('goes on');
    expect(await app.sessions.list()).to.have.length(1);
  });

  it('an initialize that the SDK refuses: its answer, and nothing is left', async () => {
    const { steps, store, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store }, handler: { onError: () => {} } });
    const odd = [
      { jsonrpc: '2.0', id: 1, method: 'initialize' },
      { jsonrpc: '2.0', method: 'initialize', params: {} },
      { ...initialize(), jsonrpc: '1.0' },
    ];
    for (const message of odd) {
      steps.length = 0;
      const reply = await call(app.url, { headers: as('ann'), body: message });
      expect(reply.status).to.equal(400);
      expect(reply.headers).to.not.have.property('mcp-session-id');
      expect(steps).to.deep.equal(['create', 'start', 'update', ...UNDONE]);
    }
    expect(await app.sessions.list()).to.deep.equal([]);
  });

  describe('startSession that hangs', () => {
    const hanging = async (act: (late: Gate<unknown>) => void): Promise<readonly unknown[]> => {
      using timeouts = holdTimeouts(5000);
      using rejections = catchRejections();
      const late = gate<unknown>();
      const { steps, store, verifier, ended } = trace({ start: () => late.opened });
      await using app = await guarded({
        basic: verifier,
        binding: { store },
        handler: { onError: () => {} },
        createServer: () => expect.fail('a server was made'),
      });
      const reply = call(app.url, { headers: as('ann'), body: initialize() });
      await until('it hangs', () => steps.includes('start'));
      timeouts.fire();
      expectRefusal(await reply, 'unavailable');
      expect(steps).to.deep.equal(['create', 'start', 'delete failed']);
      expect(await app.sessions.list()).to.deep.equal([]);
      act(late);
      await new Promise((resolve) => setImmediate(resolve));
      expect(rejections.reasons).to.deep.equal([]);
      return [...steps.slice(3), ...ended.map(({ token }) => token)];
    };

    it('is undone when it succeeds after all, with what it added', async () => {
      const undone = await hanging((late) => late.open({ subject: 'ann', token: 'late' }));
      expect(undone).to.deep.equal(['end failed', 'late']);
    });
    it('is undone when it succeeds after all and adds nothing', async () => {
      expect(await hanging((late) => late.open(undefined))).to.deep.equal(['end failed', undefined]);
    });
    it('is not undone when it fails after all', async () => {
      expect(await hanging((late) => late.fail(new Error('s3cret')))).to.deep.equal([]);
    });
  });

  it('createServer that hangs: undone, and the server that comes late is closed', async () => {
    using timeouts = holdTimeouts(5000);
    const late = gate<ReturnType<typeof buildServer>>();
    const { steps, store, verifier } = trace();
    await using app = await guarded({
      basic: verifier,
      binding: { store },
      handler: { onError: () => {} },
      createServer: () => {
        steps.push('server');
        return late.opened;
      },
    });
    const reply = call(app.url, { headers: as('ann'), body: initialize() });
    await until('it hangs', () => steps.includes('server'));
    timeouts.fire();
    expectRefusal(await reply, 'unavailable');
    expect(steps).to.deep.equal(LATE);
    let closed = 0;
    const server = buildServer({ subject: 'ann' });
    server.close = async () => {
      closed += 1;
    };
    late.open(server);
    await until('it is closed', () => closed === 1);
  });
});
