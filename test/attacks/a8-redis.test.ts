import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import { type EventStore, mcpBasicAuth, mcpHandler, mcpSessionBinding } from '../../lib/index.js';
import { type EventRecords, openEventRecords } from '../redis/event-support.js';
import { call, toolCall } from '../support/call.js';
import { until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { needsRedis } from '../support/redis.js';
import { type Served, serve } from '../support/serve.js';
import { passwords, right } from './support/people.js';
import { begin, hear, on, use } from './support/sessions.js';

interface Node extends Served {
  say(session: string, data: string): Promise<void> | undefined;
}

/** One process of several, as it were: sessions and handler of its own, events in the one Redis. */
async function openNode(store: EventStore): Promise<Node> {
  const servers = new Map<string, McpServer>();
  const served = await serve(
    mcpBasicAuth({ verifier: passwords(['alice', 'bob']) }),
    mcpSessionBinding(),
    mcpHandler({
      createServer: ({ principal, sessionId }) => {
        const server = buildServer(principal);
        servers.set(String(sessionId), server);
        return server;
      },
      eventStore: store,
    }),
  );
  return Object.assign(served, {
    say: (session: string, data: string) => servers.get(session)?.sendLoggingMessage({ level: 'info', data }),
  });
}

describe('two handlers that keep events in one Redis', () => {
  let records: EventRecords | undefined;
  before(async function () {
    await needsRedis(this);
  });
  beforeEach(async () => {
    records = await openEventRecords();
  });
  afterEach(() => records?.[Symbol.asyncDispose]());

  it('A8: no event id of another session yields an event, at either handler, whoever asks', async () => {
    if (!records) throw new Error('not open');
    const stores = [records.store(), records.store()] as const;
    await using here = await openNode(stores[0]);
    await using there = await openNode(stores[1]);
    const alice = await begin(here.url, right('alice'));
    await here.say(alice, 'secret of alice');
    await here.say(alice, 'more of alice');
    await use(here.url, right('alice'), alice, toolCall('echo', { text: 'answer for alice' }));
    const events = stores[0].events.map(({ eventId }) => eventId);
    expect(events).to.have.length(4);

    for (const [url, name] of [
      [here.url, 'bob'],
      [there.url, 'bob'],
      [there.url, 'alice'],
    ] as const) {
      const session = await begin(url, right(name));
      for (const eventId of events) {
        const headers = on(right(name), session, { 'last-event-id': eventId });
        const { status, text } = await call(url, { method: 'GET', headers });
        expect(status).to.equal(400);
        expect(text).not.to.include('alice');
      }
    }
    const said = stores[0].events.find(({ message }) => JSON.stringify(message).includes('secret of alice'));
    const own = await hear(here.url, right('alice'), alice, { 'last-event-id': String(said?.eventId) });
    await until('the owner hears the rest', () => own.text.includes('more of alice'));
    expect(own.text).to.not.include('secret of alice');
    own.drop();
  });

  it('A8: Redis holds no session id', async () => {
    if (!records) throw new Error('not open');
    await using here = await openNode(records.store());
    const alice = await begin(here.url, right('alice'));
    await here.say(alice, 'hello');
    const { redis, keys } = records.control;
    const names = await keys(records.prefix);
    const entries = await Promise.all(names.map((name) => redis.xrange(name, '-', '+')));
    expect(JSON.stringify(entries)).to.include('hello');
    expect(JSON.stringify([names, entries])).to.not.include(alice);
  });
});
