import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { mcpBasicAuth, mcpHandler, mcpSessionBinding } from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { passwords, right } from './support/people.js';
import { exchange, flood, MCP_LINES, rawRequest, statusOf } from './support/raw.js';
import { begin, end, hear, on, use } from './support/sessions.js';
import { type WatchedStore, watchedStore } from './support/watched-store.js';

const OUR_ID = /^[A-Za-z0-9_-]{43}$/;
const guess = (): string => randomBytes(32).toString('base64url');

interface Wiki extends Served {
  readonly store: WatchedStore;
  readonly built: string[];
}

async function wiki(): Promise<Wiki> {
  const store = watchedStore();
  const built: string[] = [];
  const served = await serve(
    mcpBasicAuth({ verifier: passwords(['alice', 'bob']) }),
    mcpSessionBinding({ store, maxSessionsPerPrincipal: 200 }),
    mcpHandler({
      createServer: ({ principal, sessionId }) => {
        built.push(String(sessionId));
        return buildServer(principal);
      },
    }),
  );
  return Object.assign(served, { store, built });
}

it('A1: an id that a client brings to initialize is never adopted, whatever it looks like', async () => {
  await using served = await wiki();
  const { url, store, built } = served;
  const foreign = await begin(url, right('bob'));
  const brought = [
    guess(),
    'constructor',
    '__proto__',
    'a',
    '*',
    'x'.repeat(4096),
    foreign,
    '../../etc/passwd',
  ];
  for (const id of brought) {
    const minted = await begin(url, right('alice'), { 'mcp-session-id': id });
    expect(minted).to.match(OUR_ID).and.not.equal(id);
    expect((await use(url, right('alice'), minted)).status).to.equal(200);
    expect((await use(url, right('alice'), id)).code, id).to.equal('session_not_found');
  }
  const kept = (await store.list({})).map(({ id }) => id);
  expect(kept).to.have.members(built);
  expect(new Set(kept).size).to.equal(brought.length + 1);
  expect((await use(url, right('bob'), foreign)).status).to.equal(200);
});

it('A1: an id of the client’s own live session on initialize begins another one beside it', async () => {
  await using served = await wiki();
  const { url } = served;
  const first = await begin(url, right('alice'));
  const second = await begin(url, right('alice'), { 'mcp-session-id': first });
  expect(second).to.match(OUR_ID).and.not.equal(first);
  await end(url, right('alice'), second);
  expect((await use(url, right('alice'), first)).status).to.equal(200);
});

it('A1: ids are never repeated and never of one pattern', async () => {
  await using served = await wiki();
  const ids = await Promise.all(Array.from({ length: 100 }, () => begin(served.url, right('alice'))));
  expect(new Set(ids).size).to.equal(100);
  const bits = ids.map((id) => Buffer.from(id, 'base64url'));
  // 256 bits each; every one of them takes both values among 100 ids (2^-91 that a fair coin fails this).
  for (let bit = 0; bit < 256; bit += 1) {
    const values = new Set(bits.map((bytes) => ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1));
    expect(values.size, `bit ${bit}`).to.equal(2);
  }
});

const MISSHAPEN = [
  'a',
  '*',
  '{}',
  '{x}',
  'constructor',
  '__proto__',
  'hasOwnProperty',
  'undefined',
  'null',
  '0',
  guess().slice(1),
  `${guess()}A`,
  `${guess().slice(1)}=`,
  `${guess().slice(1)}+`,
  `${guess().slice(1)}/`,
  `${guess().slice(1)}.`,
  `${guess()},${guess()}`,
  '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
  'A'.repeat(8192),
];

it('A3: an id that is not of our shape never reaches the store', async () => {
  await using served = await wiki();
  const { url, store, built } = served;
  for (const id of MISSHAPEN) {
    for (const method of ['POST', 'GET', 'DELETE']) {
      const { status, code } = await call(url, { method, headers: on(right('alice'), id) });
      expect([status, code], `${method} ${id.slice(0, 60)}`).to.deep.equal([404, 'session_not_found']);
    }
  }
  expect(store.count).to.deep.equal({ create: 0, get: 0, update: 0, delete: 0, list: 0 });
  expect(built).to.deep.equal([]);
});

it('A3: an id with bytes outside of visible ASCII, or none at all, is a 400 without a look into the store', async () => {
  await using served = await wiki();
  const { port, store } = served;
  for (const id of ['', ' ', '\t', `${guess()} ${guess()}`, `${guess().slice(1)}é`, 'a\tb', '\u00a0']) {
    const head = [...MCP_LINES, `Authorization: ${right('alice')}`, 'Connection: close'];
    const bytes = Buffer.from(rawRequest('GET /mcp', [...head, `Mcp-Session-Id: ${id}`]), 'latin1');
    expect(statusOf(await exchange(port, bytes)), JSON.stringify(id)).to.equal(400);
  }
  expect(store.count.get).to.equal(0);
});

it('A3: 2,000 guesses at once cost one look-up each, find nothing and leave nothing behind', async () => {
  await using served = await wiki();
  const { port, url, store, built } = served;
  const session = await begin(url, right('alice'));
  const before = { ...store.count };
  const head = [...MCP_LINES, `Authorization: ${right('bob')}`];
  const guesses = Array.from({ length: 2000 }, (_, i) =>
    rawRequest(`${i % 2 ? 'GET' : 'DELETE'} /mcp`, [...head, `Mcp-Session-Id: ${guess()}`]),
  );
  expect(await flood(port, guesses)).to.deep.equal(new Map([[404, 2000]]));
  expect(store.count).to.deep.equal({ ...before, get: before.get + 2000 });
  expect(built).to.deep.equal([session]);
});

it('A3: an unauthenticated guess does not reach the store at all', async () => {
  await using served = await wiki();
  const { url, store } = served;
  const session = await begin(url, right('alice'));
  const before = { ...store.count };
  for (const id of [session, guess(), 'constructor']) {
    for (const headers of [{ 'mcp-session-id': id }, on('Basic YWxpY2U6d3Jvbmc=', id)]) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        expect(
          (await call(url, { method, headers, body: method === 'POST' ? initialize() : undefined })).status,
        ).to.equal(401);
      }
    }
  }
  expect(store.count).to.deep.equal(before);
  const stream = await hear(url, right('alice'), session);
  expect(stream.response.statusCode).to.equal(200);
  stream.drop();
});
