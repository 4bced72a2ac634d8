import { expect } from 'chai';

import {
  isGuardError,
  mcpBasicAuth,
  mcpHandler,
  mcpSessionBinding,
  type SessionBinding,
} from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { type Gate, gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { catchRejections } from '../support/rejections.js';
import { type Served, serve } from '../support/serve.js';
import { person, right } from './support/people.js';
import { begin, end, hear, on, use } from './support/sessions.js';
import { type WatchedStore, watchedStore } from './support/watched-store.js';

interface Place extends Served {
  readonly store: WatchedStore;
  readonly sessions: SessionBinding;
  /** What the application has heard of its sessions, and of servers that were built. */
  readonly log: string[];
  runs: number;
}

/** `shared`: as a store that other nodes have, too. */
async function openPlace({ shared = false } = {}): Promise<Place> {
  const store = Object.assign(watchedStore(), { shared });
  const log: string[] = [];
  const sessions = mcpSessionBinding({ store, maxSessions: 2, onStoreDown: 'refuse' });
  const served = await serve(
    mcpBasicAuth({
      verifier: {
        verify: ({ username }) => person(username),
        startSession: (principal) => {
          log.push('start');
          return { ...principal, token: 'issued' };
        },
        endSession: (_principal, { reason }) => void log.push(reason),
      },
    }),
    sessions,
    mcpHandler({
      createServer: ({ principal }) => {
        log.push('server');
        const server = buildServer(principal, () => {
          place.runs += 1;
        });
        const close = server.close.bind(server);
        server.close = async () => {
          log.push('server closed');
          await close();
        };
        return server;
      },
    }),
  );
  const place: Place = { ...served, store, sessions, log, runs: 0 };
  return place;
}

const down = (): never => {
  throw new Error('secret of the store');
};

const alice = right('alice');
const first = { headers: { authorization: alice }, body: initialize() };

/** Nothing of a session that failed is left: no record, and both slots can be had. */
async function expectNothingLeft({ sessions, url, store }: Place): Promise<void> {
  store.before.clear();
  store.after.clear();
  expect(await sessions.list()).to.deep.equal([]);
  await begin(url, alice);
  await begin(url, alice);
}

it('D5: the store is down at initialize: 503, no login, no server', async () => {
  await using place = await openPlace();
  place.store.before.set('create', down);
  const { status, code, text, headers } = await call(place.url, first);
  expect([status, code]).to.deep.equal([503, 'unavailable']);
  expect(Number(headers['retry-after'])).to.be.at.least(1);
  expect(text).not.to.include('secret');
  expect(place.log).to.deep.equal([]);
  await expectNothingLeft(place);
});

it('D5: the store fails after the login: 503, the login undone, the record gone', async () => {
  await using place = await openPlace();
  place.store.before.set('update', down);
  const { status, code, headers } = await call(place.url, first);
  expect([status, code]).to.deep.equal([503, 'unavailable']);
  expect(headers).not.to.have.property('mcp-session-id');
  expect(place.log).to.deep.equal(['start', 'failed']);
  await expectNothingLeft(place);
});

it('D5: the store fails after the login and cannot even remove the record: the login is undone all the same', async () => {
  await using place = await openPlace();
  place.store.before.set('update', down).set('delete', down);
  expect((await call(place.url, first)).status).to.equal(503);
  expect(place.log).to.deep.equal(['start', 'failed']);
});

it('D5: the store answers create after the client has left: nothing is left', async () => {
  await using place = await openPlace();
  const late = gate();
  place.store.after.set('create', () => late.opened);
  const leaving = new AbortController();
  const gone = call(place.url, { ...first, signal: leaving.signal }).catch(() => 'gone');
  await until('it is being created', () => place.store.count.create === 1);
  leaving.abort();
  expect(await gone).to.equal('gone');
  await until(
    'the server has seen it go',
    () => new Promise((resolve) => place.server.getConnections((_, open) => resolve(open === 0))),
  );
  late.open();
  await until('all of it is undone', () => place.log.includes('failed'));
  expect(place.log).to.deep.equal(['start', 'server', 'server closed', 'failed']);
  await expectNothingLeft(place);
});

it('D5: the session is revoked while the store is still creating it: 404 or nothing, never a session', async () => {
  await using place = await openPlace();
  const late = gate();
  place.store.after.set('create', () => late.opened);
  const beginning = call(place.url, first);
  await until('it is being created', () => place.store.count.create === 1);
  const revoking = place.sessions.revoke({ subject: 'alice' });
  late.open();
  const { status, headers } = await beginning;
  expect(await revoking).to.equal(1);
  expect(status).to.equal(404);
  expect(headers).not.to.have.property('mcp-session-id');
  expect(place.log.filter((entry) => entry === 'start')).to.have.length(
    place.log.filter((entry) => entry === 'revoked').length,
  );
  await expectNothingLeft(place);
});

for (const method of ['POST', 'GET', 'DELETE']) {
  it(`D5: the store is down at a ${method} on a session: 503, no tool, and the session goes on when it is back`, async () => {
    await using place = await openPlace();
    const session = await begin(place.url, alice);
    place.store.before.set('get', down);
    const { status, code, text } = await call(place.url, {
      method,
      headers: on(alice, session),
      body: method === 'POST' ? initialize() : undefined,
    });
    expect([status, code]).to.deep.equal([503, 'unavailable']);
    expect(text).not.to.include('secret');
    expect((await use(place.url, alice, session)).status).to.equal(503);
    expect(place.runs).to.equal(0);
    place.store.before.clear();
    expect((await use(place.url, alice, session)).status).to.equal(200);
    expect(place.log).to.deep.equal(['start', 'server']);
  });
}

const ENDS: Readonly<Record<string, (place: Place, session: string) => Promise<unknown>>> = {
  deleted: ({ url }, session) => end(url, alice, session),
  revoked: ({ sessions }, session) => sessions.revoke({ sessionId: session }),
};

for (const [reason, finish] of Object.entries(ENDS)) {
  for (const shared of [false, true]) {
    const whose = shared ? 'that nodes share' : 'of one process';
    it(`D5: a store ${whose} that answers with a record that was ${reason} meanwhile brings nobody in`, async () => {
      await using place = await openPlace({ shared });
      const session = await begin(place.url, alice);
      const answers: Gate[] = [];
      place.store.after.set('get', () => {
        const answer = gate();
        answers.push(answer);
        return answer.opened;
      });
      const late = [
        use(place.url, alice, session),
        end(place.url, alice, session),
        hear(place.url, alice, session),
      ] as const;
      await until('all of them have read the record', () => answers.length === 3);
      place.store.after.clear();
      await finish(place, session);
      for (const answer of answers) answer.open();
      const [posted, removed, heard] = await Promise.all(late);
      expect([posted.status, removed.status, heard.response.statusCode]).to.deep.equal([404, 404, 404]);
      expect(place.runs).to.equal(0);
      expect(place.log).to.deep.equal(['start', 'server', 'server closed', reason]);
    });
  }

  it(`D5: the store cannot remove a session that is ${reason}: it is over all the same, its stream closed, its login undone`, async () => {
    using rejections = catchRejections();
    await using place = await openPlace();
    const session = await begin(place.url, alice);
    const stream = await hear(place.url, alice, session);
    place.store.before.set('delete', down);
    await finish(place, session);
    await stream.ended;
    expect((await use(place.url, alice, session)).code).to.equal('session_not_found');
    expect(place.runs).to.equal(0);
    expect(place.log).to.deep.equal(['start', 'server', 'server closed', reason]);
    expect(rejections.reasons).to.deep.equal([]);
  });
}

it('D5: the store cannot note when a session was last used: the call is served', async () => {
  using rejections = catchRejections();
  using clock = stopClock();
  await using place = await openPlace();
  const session = await begin(place.url, alice);
  const before = place.store.count.update;
  place.store.before.set('update', down);
  for (let i = 0; i < 3; i += 1) {
    clock.advance(2000);
    expect((await use(place.url, alice, session)).status).to.equal(200);
  }
  await until('it was asked', () => place.store.count.update > before);
  expect(rejections.reasons).to.deep.equal([]);
});

it('D5: the session is revoked before the store has it: it is not kept', async () => {
  await using place = await openPlace();
  // Only guards that have been met can be made to forget.
  await end(place.url, right('bob'), await begin(place.url, right('bob')));
  place.log.length = 0;
  const late = gate();
  place.store.before.set('create', () => late.opened);
  const created = place.store.count.create;
  const beginning = call(place.url, first);
  await until('it is being created', () => place.store.count.create > created);
  await place.sessions.revoke({ subject: 'alice' });
  late.open();
  expect((await beginning).status).to.equal(404);
  await until('the store has been told', async () => (await place.sessions.list()).length === 0);
  const starts = place.log.filter((entry) => entry === 'start');
  expect(place.log.filter((entry) => entry === 'revoked')).to.have.length(starts.length);
  await expectNothingLeft(place);
});

it('D5: the store is down when an operator revokes: the operator hears of it', async () => {
  await using place = await openPlace();
  await begin(place.url, alice);
  for (const verb of ['get', 'list'] as const) place.store.before.set(verb, down);
  for (const target of [{ subject: 'alice' }, { sessionId: 'A'.repeat(43) }]) {
    const error = await place.sessions.revoke(target).catch((reason: unknown) => reason);
    expect(isGuardError(error) && error.code).to.equal('unavailable');
  }
});
