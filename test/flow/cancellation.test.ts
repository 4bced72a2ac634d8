import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import type { Principal } from '../../lib/index.js';
import { toolCall } from '../support/call.js';
import { connect, textOf } from '../support/client.js';
import { stopClock } from '../support/clock.js';
import { type Gate, gate, until } from '../support/gate.js';
import { as, type Guarded, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { catchRejections } from '../support/rejections.js';
import { begin, messagesOf, type Session } from '../support/session.js';
import type { Stream } from '../support/stream.js';

interface Run {
  readonly who: string;
  readonly signal: AbortSignal;
  readonly finish: Gate;
}

const cancel = (requestId: string | number) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'enough' },
});

for (const enableJsonResponse of [false, true]) {
  describe(`cancellation, with answers in ${enableJsonResponse ? 'JSON' : 'events'}`, () => {
    let runs: Run[];
    const createServer = ({ principal }: { principal: Principal }): McpServer => {
      const server = buildServer(principal);
      server.registerTool('wait', {}, async ({ signal }) => {
        const finish = gate();
        runs.push({ who: principal.subject, signal, finish });
        await finish.opened;
        return { content: [{ type: 'text', text: 'waited' }] };
      });
      return server;
    };
    const serving = (): Promise<Guarded> =>
      guarded({
        createServer,
        handler: { enableJsonResponse, onError: () => {} },
        binding: { idleSeconds: 60 },
      });
    /** Starts the tool; in JSON mode not even the head of the answer comes before its end. */
    const startIn = async (session: Session, id: number): Promise<{ readonly answer: Promise<Stream> }> => {
      const before = runs.length;
      const answer = session.stream(toolCall('wait', {}, id));
      await until('the tool runs', () => runs.length > before);
      return { answer };
    };
    /** Nothing counts as running: the session goes idle, and not a moment earlier. */
    const goesIdle = async (app: Guarded, advance: (ms: number) => void): Promise<void> => {
      advance(59_000);
      expect(await app.sessions.list()).to.have.length(1);
      advance(1250);
      await until('the session is over', async () => (await app.sessions.list()).length === 0);
    };

    beforeEach(() => {
      runs = [];
    });

    it("aborts the tool's signal, ends the answer, and leaves the session as it was", async () => {
      using clock = stopClock();
      using rejections = catchRejections();
      await using app = await serving();
      const session = await begin(app.url, as('ann'));
      const { answer } = await startIn(session, 7);
      expect((await session.send(cancel(7))).status).to.equal(202);
      const stream = await answer;
      expect(await stream.ended).to.equal('end');
      expect(stream.messages.filter(({ result }) => result)).to.deep.equal([]);
      expect(stream.response.statusCode).to.equal(enableJsonResponse ? 202 : 200);
      await until('the signal is aborted', () => runs[0]?.signal.aborted);
      expect(await session.tool('echo', { text: 'goes on' })).to.equal('goes on');
      await goesIdle(app, clock.advance);
      runs[0]?.finish.open();
      expect(rejections.reasons).to.deep.equal([]);
    });

    it("does so for the SDK's client", async () => {
      await using app = await serving();
      await using connected = await connect(app.url, as('ann'));
      const user = new AbortController();
      const failed = connected.client
        .callTool({ name: 'wait', arguments: {} }, undefined, { signal: user.signal })
        .catch((error: Error) => error);
      await until('the tool runs', () => runs.length === 1);
      user.abort();
      expect(await failed).to.be.instanceOf(Error);
      await until('the signal is aborted', () => runs[0]?.signal.aborted);
      expect(await textOf(connected.client, 'echo', { text: 'goes on' })).to.equal('goes on');
      runs[0]?.finish.open();
    });

    it('takes the late answer of a tool that does not listen to nobody', async () => {
      using rejections = catchRejections();
      await using app = await serving();
      const session = await begin(app.url, as('ann'));
      const { answer } = await startIn(session, 7);
      await session.send(cancel(7));
      runs[0]?.finish.open();
      const again = session.stream(toolCall('wait', {}, 7));
      await until('it runs again, under the same id', () => runs.length === 2);
      runs[1]?.finish.open();
      const [first, second] = [await answer, await again];
      await Promise.all([first.ended, second.ended]);
      expect(first.text).to.not.include('waited');
      expect(second.text).to.include('waited');
      expect(rejections.reasons).to.deep.equal([]);
    });

    it('cancels one call of a batch, and answers the other', async () => {
      using clock = stopClock();
      await using app = await serving();
      const session = await begin(app.url, as('ann'), '2025-03-26');
      const reply = session.send([toolCall('wait', {}, 'a'), toolCall('wait', {}, 'b')]);
      await until('both run', () => runs.length === 2);
      await session.send(cancel('a'));
      await until('the first is aborted', () => runs[0]?.signal.aborted);
      expect(runs[1]?.signal.aborted).to.equal(false);
      runs[1]?.finish.open();
      const results = messagesOf(await reply).filter(({ result }) => result);
      expect(results.map(({ id }) => id)).to.deep.equal(['b']);
      await goesIdle(app, clock.advance);
    });

    it('touches no other call: not of another id, not of another session', async () => {
      await using app = await serving();
      const ann = await begin(app.url, as('ann'));
      const ben = await begin(app.url, as('ben'));
      const answers = [await startIn(ann, 1), await startIn(ben, 2)];
      for (const id of [2, '1', 99, 'x', 1.5]) expect((await ann.send(cancel(id))).status).to.equal(202);
      for (const odd of [{}, { requestId: null }, { requestId: {} }]) {
        const message = { jsonrpc: '2.0', method: 'notifications/cancelled', params: odd };
        expect((await ann.send(message)).status).to.equal(202);
      }
      expect(runs.map(({ signal }) => signal.aborted)).to.deep.equal([false, false]);
      for (const { finish } of runs) finish.open();
      for (const { answer } of answers) {
        const stream = await answer;
        await stream.ended;
        expect(stream.text).to.include('waited');
      }
    });

    it('takes a client that hangs up for no cancellation', async () => {
      using clock = stopClock();
      using rejections = catchRejections();
      await using app = await serving();
      const session = await begin(app.url, as('ann'));
      const hangUp = new AbortController();
      const gone = fetch(app.url, {
        method: 'POST',
        headers: {
          ...session.headers,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify(toolCall('wait')),
        signal: hangUp.signal,
      })
        .then((response) => response.text())
        .catch(() => 'gone');
      await until('the tool runs', () => runs.length === 1);
      hangUp.abort();
      expect(await gone).to.equal('gone');
      clock.advance(600_000);
      expect(await app.sessions.list()).to.have.length(1);
      expect(runs[0]?.signal.aborted).to.equal(false);
      expect(await session.tool('echo', { text: 'goes on' })).to.equal('goes on');
      runs[0]?.finish.open();
      expect(await session.tool('echo', { text: 'still' })).to.equal('still');
      await goesIdle(app, clock.advance);
      expect(rejections.reasons).to.deep.equal([]);
    });
  });
}
