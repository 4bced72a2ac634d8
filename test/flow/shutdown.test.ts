import { expect } from 'chai';

import { call, initialize, toolCall } from '../support/call.js';
import { holdTimeouts } from '../support/clock.js';
import { type Gate, gate, until } from '../support/gate.js';
import { as, type Guarded, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { catchRejections } from '../support/rejections.js';
import { begin, textOf } from '../support/session.js';

interface Scene extends AsyncDisposable {
  readonly app: Guarded;
  readonly ends: string[];
  readonly running: readonly Gate[];
  readonly signals: readonly AbortSignal[];
}

async function scene(enableJsonResponse: boolean): Promise<Scene> {
  const ends: string[] = [];
  const running: Gate[] = [];
  const signals: AbortSignal[] = [];
  const app = await guarded({
    handler: { enableJsonResponse },
    basic: { endSession: ({ subject }, { reason }) => void ends.push(`${subject} ${reason}`) },
    createServer: ({ principal }) => {
      const server = buildServer(principal);
      server.registerTool('wait', {}, async ({ signal }) => {
        const finish = gate();
        running.push(finish);
        signals.push(signal);
        await finish.opened;
        return { content: [{ type: 'text', text: `${principal.subject} has waited` }] };
      });
      return server;
    },
  });
  return {
    app,
    ends,
    running,
    signals,
    async [Symbol.asyncDispose]() {
      for (const finish of running) finish.open();
      await app[Symbol.asyncDispose]();
    },
  };
}

for (const enableJsonResponse of [false, true]) {
  describe(`closing the handler, with answers in ${enableJsonResponse ? 'JSON' : 'events'}`, () => {
    it('lets calls finish, refuses what is new, then ends streams and sessions', async () => {
      using rejections = catchRejections();
      await using shown = await scene(enableJsonResponse);
      const { app, ends, running, signals } = shown;
      const [ann, ben] = [await begin(app.url, as('ann')), await begin(app.url, as('ben'))];
      const stream = await ben.listen();
      const calls = [ann.send(toolCall('wait', {}, 5)), ben.send(toolCall('wait', {}, 5))];
      await until('both calls run', () => running.length === 2);
      const order: string[] = [];
      const closing = app.mcp.close({ graceMs: 60_000 }).then(() => order.push('closed'));
      expectRefusal(await ann.send(toolCall('echo', { text: 'x' })), 'closing');
      expectRefusal(await call(app.url, { headers: as('cid'), body: initialize() }), 'closing');
      expectRefusal(await ann.delete(), 'closing');
      expect([stream.isEnded, order, ends]).to.deep.equal([false, [], []]);
      running[0]?.open();
      expect(textOf(await (calls[0] as (typeof calls)[0]))).to.equal('ann has waited');
      expect([stream.isEnded, order]).to.deep.equal([false, []]);
      running[1]?.open();
      expect(textOf(await (calls[1] as (typeof calls)[0]))).to.equal('ben has waited');
      await closing;
      expect(await stream.ended).to.equal('end');
      expect(ends.sort()).to.deep.equal(['ann shutdown', 'ben shutdown']);
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false]);
      expect(await app.sessions.list()).to.deep.equal([]);
      expect(rejections.reasons).to.deep.equal([]);
    });

    it('cuts off calls that outlast the grace', async () => {
      using timeouts = holdTimeouts(4321);
      await using shown = await scene(enableJsonResponse);
      const { app, ends, running, signals } = shown;
      const session = await begin(app.url, as('ann'));
      const answer = session.send(toolCall('wait', {}, 5));
      await until('the call runs', () => running.length === 1);
      const closing = app.mcp.close({ graceMs: 4321 });
      await until('the grace runs', () => timeouts.count === 1);
      expect([ends, signals[0]?.aborted]).to.deep.equal([[], false]);
      timeouts.fire();
      await closing;
      const reply = await answer;
      if (enableJsonResponse) expectRefusal(reply, 'closing');
      else expect([reply.status, reply.text.includes('waited')]).to.deep.equal([200, false]);
      expect(signals[0]?.aborted).to.equal(true);
      expect(ends).to.deep.equal(['ann shutdown']);
    });

    it('waits for no call of a session that is over', async () => {
      using timeouts = holdTimeouts(10_000);
      await using shown = await scene(enableJsonResponse);
      const { app, running } = shown;
      const sessions = [await begin(app.url, as('ann')), await begin(app.url, as('ben'))];
      const answers = sessions.map((session) => session.send(toolCall('wait')));
      await until('the calls run', () => running.length === 2);
      await app.sessions.revoke({ subject: 'ann' });
      await sessions[1]?.delete();
      await Promise.all(answers);
      await app.mcp.close();
      expect(timeouts.count).to.equal(0);
    });

    it('waits for no listening stream', async () => {
      using timeouts = holdTimeouts(10_000);
      await using shown = await scene(enableJsonResponse);
      const session = await begin(shown.app.url, as('ann'));
      const stream = await session.listen();
      await shown.app.mcp.close();
      expect(await stream.ended).to.equal('end');
      expect(timeouts.count).to.equal(0);
    });
  });
}

describe('closing the handler', () => {
  it('closes once: the first grace counts', async () => {
    using timeouts = holdTimeouts(60_000);
    await using shown = await scene(false);
    const { app, ends, running } = shown;
    const session = await begin(app.url, as('ann'));
    const answer = session.send(toolCall('wait'));
    await until('the call runs', () => running.length === 1);
    const both = [app.mcp.close({ graceMs: 60_000 }), app.mcp.close({ graceMs: 0 })];
    expect(timeouts.count).to.equal(1);
    running[0]?.open();
    expect(textOf(await answer)).to.equal('ann has waited');
    await Promise.all(both);
    await app.mcp.close();
    expect(ends).to.deep.equal(['ann shutdown']);
    expect(timeouts.count).to.equal(0);
  });

  it('leaves the sessions of another handler alone', async () => {
    await using one = await scene(false);
    await using two = await scene(false);
    const session = await begin(two.app.url, as('ann'));
    await one.app.mcp.close();
    expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
  });

  it('lets the HTTP server close: nothing keeps it', async () => {
    await using shown = await scene(false);
    const { app } = shown;
    const sessions = await Promise.all(['ann', 'ben', 'cid'].map((name) => begin(app.url, as(name))));
    await Promise.all(sessions.map((session) => session.listen()));
    const closed = new Promise((resolve) => app.served.server.close(resolve));
    await app.mcp.close();
    await closed;
  });

  it('tells who is not known yet nothing but that it closes', async () => {
    await using shown = await scene(false);
    await shown.app.mcp.close();
    const reply = await call(shown.app.url, { body: initialize() });
    expect(reply.code).to.equal('missing_credentials');
  });
});
