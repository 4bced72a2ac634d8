import { InMemoryEventStore } from '@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { expect } from 'chai';

import { mcpBasicAuth, mcpHandler, mcpSessionBinding } from '../../lib/index.js';
import { call, initialize, toolCall } from '../support/call.js';
import { eventStore } from '../support/event-store.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { passwords, person, right } from './support/people.js';
import { hear, on, use } from './support/sessions.js';

interface Resumable extends Served {
  readonly servers: Map<string, McpServer>;
}

async function resumable(store: EventStore): Promise<Resumable> {
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
  return Object.assign(served, { servers });
}

const say = (server: McpServer | undefined, data: string): Promise<void> | undefined =>
  server?.sendLoggingMessage({ level: 'info', data });

interface Begun {
  readonly id: string;
  /** The event id of the answer to `initialize`. */
  readonly event: string;
}

async function begin(url: URL, authorization: string): Promise<Begun> {
  const { headers, text } = await call(url, { headers: { authorization }, body: initialize() });
  return { id: String(headers['mcp-session-id']), event: /^id: (.+)$/m.exec(text)?.[1] ?? '' };
}

for (const tellsStream of [true, false]) {
  const kind = tellsStream ? 'a store that tells streams' : 'a store that only replays';

  it(`A8: ${kind}: no event id of another session yields an event, all of them tried`, async () => {
    const store = eventStore(tellsStream);
    await using served = await resumable(store);
    const { url, servers } = served;
    const [alice, bob] = [await begin(url, right('alice')), await begin(url, right('bob'))];
    await say(servers.get(alice.id), 'secret of alice');
    await say(servers.get(alice.id), 'more of alice');
    await use(url, right('alice'), alice.id, toolCall('echo', { text: 'answer for alice' }));
    await say(servers.get(bob.id), 'for bob');

    const strange = ['0', '99999', '-1', '*', '', '__proto__', 'constructor', '_GET_stream', `${alice.id}`];
    for (const event of [...store.events.map(({ eventId }) => eventId), ...strange]) {
      const stream = await hear(url, right('bob'), bob.id, { 'last-event-id': event });
      const isOwn = JSON.stringify(store.events.find(({ eventId }) => eventId === event) ?? '').includes(
        'bob',
      );
      if (stream.response.statusCode === 200) {
        // Let what would be replayed arrive: a fresh event of bob's own comes after it on the standing stream.
        await say(servers.get(bob.id), 'the end');
        if (event === '' || isOwn) await until('the end came', () => stream.text.includes('the end'));
      } else await stream.ended;
      stream.drop();
      await stream.ended;
      expect(stream.text, `event ${event}`).not.to.include('alice');
    }
  });

  it(`A8: ${kind}: an event id of another session is a 400, and of one’s own is resumed`, async () => {
    const store = eventStore(tellsStream);
    await using served = await resumable(store);
    const { url, servers } = served;
    const [alice, bob] = [await begin(url, right('alice')), await begin(url, right('bob'))];
    for (const text of ['one', 'two', 'three']) await say(servers.get(alice.id), text);
    const [first] = store.events.filter(({ message }) => JSON.stringify(message).includes('one'));
    const lastEvent = { 'last-event-id': String(first?.eventId) };

    const headers = on(right('bob'), bob.id, lastEvent);
    expect((await call(url, { method: 'GET', headers })).status).to.equal(400);
    const stream = await hear(url, right('alice'), alice.id, lastEvent);
    await until('the rest was replayed', () => stream.text.includes('three'));
    expect(stream.text).to.include('two').and.not.include('one');
    stream.drop();
  });
}

it('A8: two sessions of one person are two corners of the store as well', async () => {
  const store = eventStore(true);
  await using served = await resumable(store);
  const { url, servers } = served;
  const [first, second] = [await begin(url, right('alice')), await begin(url, right('alice'))];
  await say(servers.get(first.id), 'for the first session');
  for (const { eventId } of store.events.filter(({ message }) => !('id' in message))) {
    const headers = on(right('alice'), second.id, { 'last-event-id': eventId });
    const { status, text } = await call(url, { method: 'GET', headers });
    expect(status).to.equal(400);
    expect(text).not.to.include('for the first session');
  }
});

it('A8: the SDK’s own example of a store, whose event ids hold stream ids, resumes and never crosses', async () => {
  await using served = await resumable(new InMemoryEventStore());
  const { url } = served;
  // Ids are random: whatever they hold that the store takes for its own separators shows in a dozen sessions.
  for (let round = 0; round < 12; round += 1) {
    const [alice, bob] = [await begin(url, right('alice')), await begin(url, right('bob'))];
    const resume = (name: string, { id }: Begun) =>
      hear(url, right(name), id, { 'last-event-id': alice.event });
    const own = await resume('alice', alice);
    expect(own.response.statusCode, 'own').to.equal(200);
    own.drop();
    const foreign = await resume('bob', bob);
    expect(foreign.response.statusCode, 'foreign').to.equal(400);
    await foreign.ended;
    expect(foreign.text).not.to.include('serverInfo');
  }
});

it('A9: 1,000 sessions call with the same JSON-RPC id at once, and each gets its own answer', async () => {
  const people = Array.from({ length: 40 }, (_, i) => `person-${i}`);
  const everyone = gate();
  let running = 0;
  await using served = await serve(
    mcpBasicAuth({ verifier: async ({ username }) => person(username), maxConcurrent: 40 }),
    mcpSessionBinding(),
    mcpHandler({
      createServer: ({ principal }) =>
        buildServer(principal, async () => {
          running += 1;
          await everyone.opened;
        }),
    }),
  );
  const { url } = served;
  const sessions = await Promise.all(
    people.flatMap((name) =>
      Array.from({ length: 25 }, async () => ({ name, id: (await begin(url, right(name))).id })),
    ),
  );
  const answering = sessions.map(async ({ name, id }) => {
    const { text } = await use(url, right(name), id, toolCall('echo', { text: `<${id}>` }, 'the same id'));
    return text.includes(`<${id}>`) && sessions.every((other) => other.id === id || !text.includes(other.id));
  });
  await until('all of them run', () => running === 1000, 60_000);
  everyone.open();
  expect((await Promise.all(answering)).filter(Boolean)).to.have.length(1000);
}).timeout(120_000);
