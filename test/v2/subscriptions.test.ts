import { InMemoryServerEventBus, McpServer, type ServerEvent } from '@modelcontextprotocol/server';
import { expect } from 'chai';
import { McpGuardError, type Principal } from '../../lib/index.js';
import { call } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { until } from '../support/gate.js';
import { as, bearer } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { expectRefusal } from '../support/refusal.js';
import { begin } from '../support/session.js';
import type { Stream } from '../support/stream.js';
import { connectV2, guardedV2, MODERN, modern, subscribe } from './support.js';

const listening = modern(as('ann'), 'subscriptions/listen', { notifications: { toolsListChanged: true } });
const withPrompts = (): McpServer => {
  const listChanged = true;
  const capabilities = {
    tools: { listChanged },
    prompts: { listChanged },
    resources: { listChanged, subscribe: true },
  };
  return new McpServer({ name: 'test', version: '1' }, { capabilities });
};
const told = (stream: Stream): number =>
  stream.messages.filter(({ method }) => method === 'notifications/tools/list_changed').length;

describe('subscriptions/listen', () => {
  it('shows every keepAliveMs that a stream is alive', async () => {
    await using app = await guardedV2({ handler: { keepAliveMs: 20 } });
    const stream = await subscribe(app.url, as('ann'));
    await until('it has been shown twice', () => (stream.text.match(/^:/gm) ?? []).length >= 2);
    expect(stream.isEnded).to.equal(false);
  });

  it('the official client hears of changes', async () => {
    await using app = await guardedV2();
    await using connected = await connectV2(app.url, as('ann'), { pin: MODERN });
    let heard = 0;
    connected.client.setNotificationHandler('notifications/tools/list_changed', () => {
      heard += 1;
    });
    const subscription = await connected.client.listen({ toolsListChanged: true });
    app.mcp.notify.toolsChanged();
    await until('it has heard', () => heard === 1);
    await subscription.close();
    await until('its slot is free', async () => (await app.sessions.list({})).length === 0);
  });

  for (const binding of [{ maxSessionsPerPrincipal: 2 }, false] as const) {
    const max = binding ? 2 : 32;
    it(`W17 counts against the principal's cap, ${binding ? 'with' : 'without'} a binding`, async () => {
      await using app = await guardedV2({ binding });
      const streams: Stream[] = [];
      for (let n = 0; n < max; n += 1) streams.push(await subscribe(app.url, as('ann')));
      expectRefusal(await call(app.url, listening), 'session_limit');
      const other = await subscribe(app.url, as('ben'));
      streams[0]?.drop();
      await until('the slot is free', async () => {
        const attempt = await subscribeOrNot(app.url);
        attempt?.drop();
        return attempt;
      });
      expect(other.isEnded).to.equal(false);
    });
  }

  it('W17 sessions and subscriptions share one cap; a session that is idle makes room', async () => {
    await using app = await guardedV2({ binding: { maxSessionsPerPrincipal: 1 } });
    const session = await begin(app.url, as('ann'));
    const stream = await subscribe(app.url, as('ann'));
    expectRefusal(await session.send({ jsonrpc: '2.0', id: 1, method: 'ping' }), 'session_not_found');
    expectRefusal(
      await call(app.url, {
        headers: as('ann'),
        body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} },
      }),
      'session_limit',
    );
    expect(stream.isEnded).to.equal(false);
  });

  it('E4 W19 dies on revocation, and nobody else’s does', async () => {
    using heard = hearOf('sub-ann');
    await using app = await guardedV2();
    const stream = await subscribe(app.url, as('sub-ann'));
    const other = await subscribe(app.url, as('ben'));
    expect((await app.sessions.list({ subject: 'sub-ann' })).length).to.equal(1);
    expect(await app.sessions.revoke({ subject: 'sub-ann' })).to.equal(1);
    expect(await stream.ended).to.equal('end');
    app.mcp.notify.toolsChanged();
    await until('the other hears', () => told(other) === 1);
    expect(told(stream)).to.equal(0);
    expect(heard.types()).to.include.members(['session.started', 'session.ended']);
    expect(await app.sessions.list({})).to.have.length(1);
  });

  for (const binding of [{ recheckSeconds: 1 }, false] as const) {
    it(`E4 dies when its principal is found inactive, ${binding ? 'with' : 'without'} a binding`, async () => {
      let isActive = true;
      using clock = stopClock();
      await using app = await guardedV2({
        binding,
        basic: { isActive: ({ subject }) => subject !== 'ann' || isActive },
      });
      const stream = await subscribe(app.url, as('ann'));
      const other = await subscribe(app.url, as('ben'));
      isActive = false;
      clock.advance(31_000);
      expect(await stream.ended).to.equal('end');
      expect(other.isEnded).to.equal(false);
    });

    it(`E4 dies when its principal's time is up, ${binding ? 'with' : 'without'} a binding`, async () => {
      using clock = stopClock();
      const expiresAt = Date.now() / 1000 + 60;
      await using app = await guardedV2({
        binding,
        bearer: { verify: ({ token }) => ({ subject: token, ...(token === 'ann' && { expiresAt }) }) },
      });
      const stream = await subscribe(app.url, bearer('ann'));
      const other = await subscribe(app.url, bearer('ben'));
      clock.advance(61_000);
      expect(await stream.ended).to.equal('end');
      expect(other.isEnded).to.equal(false);
    });
  }

  it('A10 one that is refused has never begun, and leaves no slot', async () => {
    using heard = hearOf('sub-refused');
    await using app = await guardedV2({
      createServer: () => {
        throw new McpGuardError('forbidden');
      },
    });
    const request = modern(as('sub-refused'), 'subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    expectRefusal(await call(app.url, request), 'forbidden');
    expect(await app.sessions.list({})).to.deep.equal([]);
    const ends = heard.events.filter(({ type }) => type.startsWith('session.'));
    expect(ends.map((event) => [event.type, 'reason' in event && event.reason])).to.deep.equal([
      ['session.ended', 'failed'],
    ]);
  });

  it('E3 dies at the absolute end', async () => {
    using clock = stopClock();
    await using app = await guardedV2({ binding: { absoluteSeconds: 100 } });
    const stream = await subscribe(app.url, as('ann'));
    clock.advance(99_000);
    expect(stream.isEnded).to.equal(false);
    clock.advance(2000);
    expect(await stream.ended).to.equal('end');
  });

  it('tells of each kind of change, from a bus of the user’s as well', async () => {
    const bus = new InMemoryServerEventBus();
    await using app = await guardedV2({ handler: { bus, mayHear: () => true }, createServer: withPrompts });
    const filter = {
      ...{ toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true },
      resourceSubscriptions: ['note://ann'],
    };
    const stream = await subscribe(app.url, as('ann'), filter);
    const { notify } = app.mcp;
    notify.toolsChanged();
    notify.promptsChanged();
    notify.resourcesChanged();
    notify.resourceUpdated('note://ann');
    notify.resourceUpdated('note://ben');
    bus.publish({ kind: 'prompts_list_changed' });
    await until('all have come', () => stream.messages.length === 6);
    expect(
      stream.messages.slice(1).map(({ method }) => method?.slice('notifications/'.length)),
    ).to.deep.equal([
      'tools/list_changed',
      'prompts/list_changed',
      'resources/list_changed',
      'resources/updated',
      'prompts/list_changed',
    ]);
  });

  it('tells nobody of what he may not hear; a throw is a no', async () => {
    const asked: [string, string][] = [];
    const mayHear = ({ subject }: Principal, event: ServerEvent): boolean => {
      asked.push([subject, event.kind]);
      if (subject === 'cal') throw new Error('x');
      return event.kind === 'tools_list_changed' || subject === 'ann';
    };
    await using app = await guardedV2({ handler: { mayHear } });
    const filter = { toolsListChanged: true, resourceSubscriptions: ['note://ann'] };
    const [ann, ben, cal] = [
      await subscribe(app.url, as('ann'), filter),
      await subscribe(app.url, as('ben'), filter),
      await subscribe(app.url, as('cal'), filter),
    ];
    app.mcp.notify.resourceUpdated('note://ann');
    app.mcp.notify.toolsChanged();
    await until('both hear of the tools', () => told(ann) === 1 && told(ben) === 1);
    const updates = [ann, ben, cal].map(
      (stream) => stream.messages.filter(({ method }) => method === 'notifications/resources/updated').length,
    );
    expect(updates).to.deep.equal([1, 0, 0]);
    expect(told(cal)).to.equal(0);
    expect(asked).to.have.length(6);
  });

  it('W25 closing says goodbye to each, and waits for none', async () => {
    using heard = hearOf('bye-ann');
    await using app = await guardedV2();
    const streams = [await subscribe(app.url, as('bye-ann')), await subscribe(app.url, as('bye-ann'))];
    await app.mcp.close({ graceMs: 60_000 });
    for (const stream of streams) {
      expect(await stream.ended).to.equal('end');
      expect(stream.messages.at(-1)).to.deep.include({ id: 'sub' });
      expect(stream.messages.at(-1)?.result).to.include({ resultType: 'complete' });
    }
    expectRefusal(await call(app.url, listening), 'closing');
    const ends = heard.events.filter(({ type }) => type === 'session.ended');
    expect(ends.map((event) => 'reason' in event && event.reason)).to.deep.equal(['shutdown', 'shutdown']);
  });

  async function subscribeOrNot(url: URL): Promise<Stream | undefined> {
    try {
      return await subscribe(url, as('ann'));
    } catch {
      return undefined;
    }
  }
});
