import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { expect } from 'chai';

import {
  type CreateServerContext,
  McpGuardError,
  mcpBasicAuth,
  mcpHandler,
  mcpSessionBinding,
  type SessionBinding,
} from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { catchWarnings } from '../support/warnings.js';
import { person, right } from './support/people.js';
import { begin, use } from './support/sessions.js';

type CreateServer = (context: CreateServerContext) => McpServer | Promise<McpServer>;

interface Place extends Served {
  readonly sessions: SessionBinding;
  /** What happened to sessions of the user's own. */
  readonly log: string[];
  readonly errors: unknown[];
}

/** One slot for everybody: what a failure keeps, nobody else gets. */
async function openPlace(createServer: CreateServer, maxSessions = 1): Promise<Place> {
  const log: string[] = [];
  const errors: unknown[] = [];
  const sessions = mcpSessionBinding({ maxSessions });
  const served = await serve(
    mcpBasicAuth({
      verifier: {
        verify: ({ username }) => person(username),
        startSession: () => void log.push('start'),
        endSession: (_principal, { reason }) => void log.push(reason),
      },
    }),
    sessions,
    mcpHandler({ createServer, createTimeoutMs: 100, onError: (error) => errors.push(error) }),
  );
  return { ...served, sessions, log, errors };
}

const as = (value: unknown): CreateServer => (async () => value) as unknown as CreateServer;

const FAULTS: Readonly<Record<string, CreateServer>> = {
  throws: () => {
    throw new Error('secret of the database');
  },
  'throws nothing at all': () => {
    throw undefined;
  },
  rejects: () => Promise.reject(new Error('secret of the database')),
  'rejects with a string': () => Promise.reject('secret of the database'),
  hangs: () => new Promise(() => {}),
  'throws a refusal that is not for it to give': () => {
    throw new McpGuardError('session_not_found');
  },
  'answers undefined': as(undefined),
  'answers null': as(null),
  'answers an empty object': as({}),
  'answers a string': as('server'),
  'answers true': as(true),
  'answers a class instead of a server': as(class {}),
  'answers half a server': as({ connect: () => {} }),
  'answers a server that throws on connect': as({
    connect: () => {
      throw new Error('secret of the database');
    },
    close: async () => {},
  }),
  'answers a server that is used elsewhere': async ({ principal }) => {
    const server = buildServer(principal);
    const transport = { start: async () => {}, send: async () => {}, close: async () => {} };
    await server.connect(transport);
    return server;
  },
};

for (const [fault, faulty] of Object.entries(FAULTS)) {
  it(`A10: createServer ${fault}: 503, no session, the slot free, an error for the developer`, async () => {
    let isFaulty = true;
    await using place = await openPlace((context) =>
      isFaulty ? faulty(context) : buildServer(context.principal),
    );
    const { url, sessions, log, errors } = place;

    const reply = await call(url, { headers: { authorization: right('alice') }, body: initialize() });
    expect([reply.status, reply.code]).to.deep.equal([503, 'unavailable']);
    expect(Number(reply.headers['retry-after'])).to.be.at.least(1);
    expect(reply.headers).not.to.have.property('mcp-session-id');
    expect(reply.text).not.to.include('secret');
    expect(await sessions.list()).to.deep.equal([]);
    expect(log).to.deep.equal(['start', 'failed']);
    expect(errors).to.have.length(1);

    isFaulty = false;
    const session = await begin(url, right('bob'));
    expect((await use(url, right('bob'), session)).status).to.equal(200);
  });
}

it('A10: createServer refuses by policy: 403, no session, the slot free', async () => {
  let isRefusing = true;
  await using place = await openPlace(({ principal }) => {
    if (isRefusing) throw new McpGuardError('forbidden', { cause: 'secret of the database' });
    return buildServer(principal);
  });
  const { url, sessions, log } = place;
  const reply = await call(url, { headers: { authorization: right('alice') }, body: initialize() });
  expect([reply.status, reply.code]).to.deep.equal([403, 'forbidden']);
  expect(reply.text).not.to.include('secret');
  expect(await sessions.list()).to.deep.equal([]);
  expect(log).to.deep.equal(['start', 'failed']);
  isRefusing = false;
  await begin(url, right('bob'));
});

it('A10: createServer returns one instance for everybody: the second is refused loudly, the first goes on', async () => {
  let shared: McpServer | undefined;
  await using place = await openPlace(({ principal }) => {
    shared ??= buildServer(principal);
    return shared;
  }, 10);
  const { url, sessions, errors } = place;
  const first = await begin(url, right('alice'));
  for (const name of ['bob', 'alice']) {
    const { status, text } = await call(url, { headers: { authorization: right(name) }, body: initialize() });
    expect(status).to.equal(503);
    expect(text).not.to.include('alice');
  }
  expect(errors.map(String).join()).to.match(/same server twice/);
  expect(await sessions.list()).to.have.length(1);
  const { status, text } = await use(url, right('alice'), first);
  expect(status).to.equal(200);
  expect(text).to.include('alice');
});

it('A10: without onError the developer gets a warning, with no word of the error’s content', async () => {
  using warnings = catchWarnings();
  await using served = await serve(
    mcpBasicAuth({ verifier: ({ username }) => person(username) }),
    mcpSessionBinding(),
    mcpHandler({ createServer: () => Promise.reject(new RangeError('secret of the database')) }),
  );
  await call(served.url, { headers: { authorization: right('alice') }, body: initialize() });
  expect(warnings.codes).to.deep.equal(['MCP_GUARD_SERVER']);
  expect(warnings.texts.join()).to.include('RangeError').and.not.include('secret');
});

it('A10: a server that comes after its time is closed and serves nobody', async () => {
  const late = gate<McpServer>();
  const closed: string[] = [];
  await using place = await openPlace(() => late.opened);
  const { url, sessions, log } = place;
  const reply = await call(url, { headers: { authorization: right('alice') }, body: initialize() });
  expect(reply.status).to.equal(503);
  const server = buildServer(person('alice'));
  server.close = async () => void closed.push('closed');
  late.open(server);
  await until('it is closed', () => closed.length > 0);
  expect(await sessions.list()).to.deep.equal([]);
  expect(log).to.deep.equal(['start', 'failed']);
});

it('A10: the client leaves while createServer works: no session is left, and the signal says so', async () => {
  const entered = gate();
  const proceed = gate();
  let signal: AbortSignal | undefined;
  await using place = await openPlace(async (context) => {
    signal = context.signal;
    entered.open();
    await proceed.opened;
    return buildServer(context.principal);
  });
  const { url, sessions, log } = place;
  const leaving = new AbortController();
  const headers = { authorization: right('alice') };
  const gone = call(url, { headers, body: initialize(), signal: leaving.signal }).catch(() => 'gone');
  await entered.opened;
  leaving.abort();
  expect(await gone).to.equal('gone');
  await until(
    'the server has seen it go',
    () => new Promise((resolve) => place.server.getConnections((_, open) => resolve(open === 0))),
  );
  proceed.open();
  await until('its login was undone', () => log.includes('failed'));
  expect(await sessions.list()).to.deep.equal([]);
  expect(signal?.aborted).to.equal(true);
  await begin(url, right('bob'));
  expect(log).to.deep.equal(['start', 'failed', 'start']);
});

it('A10: 50 at once against one slot while createServer fails: no slot leaks', async () => {
  let isFaulty = true;
  await using place = await openPlace(async ({ principal }) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (isFaulty) throw new Error('down');
    return buildServer(principal);
  });
  const { url, sessions } = place;
  const headers = { authorization: right('alice') };
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => call(url, { headers, body: initialize() })),
  );
  expect(new Set(replies.map(({ status }) => status))).to.deep.equal(new Set([503]));
  expect(await sessions.list()).to.deep.equal([]);
  isFaulty = false;
  await begin(url, right('alice'));
});
