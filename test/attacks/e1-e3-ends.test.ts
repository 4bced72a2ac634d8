import { expect } from 'chai';

import {
  mcpBasicAuth,
  mcpHandler,
  mcpLoginLimiter,
  mcpSessionBinding,
  type SessionEndReason,
} from '../../lib/index.js';
import { initialize, toolCall } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { passwords, right } from './support/people.js';
import { flood, MCP_LINES, rawRequest } from './support/raw.js';
import { begin, hear, post, use } from './support/sessions.js';
import { type WatchedStore, watchedStore } from './support/watched-store.js';

interface Place extends Served {
  readonly store: WatchedStore;
  readonly built: string[];
  readonly ended: SessionEndReason[];
}

async function openPlace(onTool: () => unknown = () => {}): Promise<Place> {
  const store = watchedStore();
  const built: string[] = [];
  const ended: SessionEndReason[] = [];
  const verifier = passwords(['alice'], {
    endSession: (_principal, { reason }) => void ended.push(reason),
  });
  const served = await serve(
    mcpLoginLimiter(),
    mcpBasicAuth({ verifier }),
    mcpSessionBinding({ store, idleSeconds: 600, absoluteSeconds: 3600 }),
    mcpHandler({
      createServer: ({ principal, sessionId }) => {
        built.push(String(sessionId));
        return buildServer(principal, onTool);
      },
    }),
  );
  return { ...served, store, built, ended };
}

it('E1: 5,000 unauthenticated initializes at once: no session, no server, the store never asked', async () => {
  await using place = await openPlace();
  const body = JSON.stringify(initialize());
  const id = 'A'.repeat(43);
  const kinds = [
    rawRequest('POST /mcp', MCP_LINES, body),
    rawRequest('POST /mcp', [...MCP_LINES, `Mcp-Session-Id: ${id}`], body),
    rawRequest('POST /mcp', [...MCP_LINES, 'Authorization: Basic'], body),
    rawRequest('POST /mcp', [...MCP_LINES, 'Authorization: Bearer x'], body),
    rawRequest('POST /mcp', [...MCP_LINES, 'Authorization: Basic YWxpY2U6d3Jvbmc='], body),
  ];
  const tally = await flood(
    place.port,
    Array.from({ length: 5000 }, (_, i) => kinds[i % kinds.length] ?? ''),
  );
  expect(tally).to.deep.equal(new Map([[401, 5000]]));
  expect(place.store.count).to.deep.equal({ create: 0, get: 0, update: 0, delete: 0, list: 0 });
  expect(place.built).to.deep.equal([]);
  await begin(place.url, right('alice'));
}).timeout(30_000);

it('E1: a body is not read before the caller is known', async () => {
  await using place = await openPlace();
  // The answer comes although the body, announced, never does.
  for (const length of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
    for (const id of [[], [`Mcp-Session-Id: ${'A'.repeat(43)}`]]) {
      const request = rawRequest('POST /mcp', [...MCP_LINES, length, ...id]);
      expect(await flood(place.port, [request], 1), length).to.deep.equal(new Map([[401, 1]]));
    }
  }
});

const alice = right('alice');
const MINUTE = 60_000;
/** How often what is over is swept, milliseconds. */
const SWEEP = 250;

it('E3: an idle session is gone after its time, and not before', async () => {
  using clock = stopClock();
  await using place = await openPlace();
  const session = await begin(place.url, alice);
  for (let i = 0; i < 3; i += 1) {
    clock.advance(10 * MINUTE - 1);
    expect((await use(place.url, alice, session)).status, 'just in time').to.equal(200);
  }
  clock.advance(10 * MINUTE + SWEEP);
  await until('it has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['idle']);
  expect(await place.store.list({})).to.deep.equal([]);
  expect((await use(place.url, alice, session)).code).to.equal('session_not_found');
});

it('E3: a session that is never idle is gone at its absolute end, and not before', async () => {
  using clock = stopClock();
  await using place = await openPlace();
  const session = await begin(place.url, alice);
  for (let minute = 1; minute < 60; minute += 1) {
    clock.advance(MINUTE);
    expect((await use(place.url, alice, session)).status, `minute ${minute}`).to.equal(200);
  }
  clock.advance(MINUTE);
  await until('it has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['expired']);
  expect(await place.store.list({})).to.deep.equal([]);
  expect((await use(place.url, alice, session)).code).to.equal('session_not_found');
});

it('E3: a session that is over is not served, even before anything has swept it', async () => {
  await using place = await openPlace();
  const session = await begin(place.url, alice);
  // From here the clock stands where it is put, while the sweep that was begun before runs on in real time.
  using clock = stopClock();
  clock.advance(10 * MINUTE);
  expect((await use(place.url, alice, session)).code).to.equal('session_not_found');
  await until('it has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['idle']);
});

it('E3: an open stream keeps a session from being idle, and not from its absolute end', async () => {
  using clock = stopClock();
  await using place = await openPlace();
  const session = await begin(place.url, alice);
  const stream = await hear(place.url, alice, session);
  clock.advance(59 * MINUTE);
  expect((await use(place.url, alice, session)).status).to.equal(200);
  expect(stream.isEnded).to.equal(false);
  clock.advance(MINUTE);
  await stream.ended;
  await until('it has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['expired']);
});

it('E3: a running call keeps a session from being idle, also when its client has left', async () => {
  using clock = stopClock();
  const work = gate();
  let running = 0;
  await using place = await openPlace(() => {
    running += 1;
    return work.opened;
  });
  const session = await begin(place.url, alice);
  const calling = await post(place.url, alice, session, toolCall('whoami'));
  await until('it runs', () => running === 1);
  calling.drop();
  await until(
    'its client has left',
    () => new Promise((resolve) => place.server.getConnections((_, open) => resolve(open === 0))),
  );
  clock.advance(30 * MINUTE);
  expect(place.ended).to.deep.equal([]);
  expect((await place.store.list({})).map(({ id }) => id)).to.deep.equal([session]);
  work.open();
  await new Promise((resolve) => setImmediate(resolve));
  expect((await use(place.url, alice, session)).status).to.equal(200);
  clock.advance(10 * MINUTE);
  await until('it has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['idle']);
});

it('E3: idle time counts from the end of the last call, and of the last stream', async () => {
  using clock = stopClock();
  await using place = await openPlace();
  const session = await begin(place.url, alice);
  const stream = await hear(place.url, alice, session);
  clock.advance(20 * MINUTE);
  stream.drop();
  await until(
    'the server has seen it go',
    () => new Promise((resolve) => place.server.getConnections((_, open) => resolve(open === 0))),
  );
  clock.advance(10 * MINUTE - 1);
  expect(place.ended).to.deep.equal([]);
  clock.advance(1 + SWEEP);
  await until('it has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['idle']);
});

it('E3: requests of strangers do not keep a session from being idle', async () => {
  using clock = stopClock();
  await using place = await openPlace();
  const session = await begin(place.url, alice);
  for (let minute = 1; minute < 10; minute += 1) {
    clock.advance(MINUTE);
    expect((await use(place.url, right('bob'), session)).status).to.be.oneOf([401, 429]);
  }
  clock.advance(MINUTE);
  await until('it has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['idle']);
});
