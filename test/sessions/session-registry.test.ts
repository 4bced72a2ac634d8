import { inspect } from 'node:util';

import { expect } from 'chai';

import type { McpGuardError } from '../../lib/errors.js';
import { principalKey } from '../../lib/principal.js';
import type { SessionHooks } from '../../lib/request-state.js';
import { assertAlive } from '../../lib/sessions/live-session.js';
import type { Principal, SessionLimits } from '../../lib/types.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { failsOnUnhandledRejections } from '../support/unhandled.js';
import { ada, begin, type Ended, eve, exchangeOf, fakeKeeper, slowStore, watched } from './support.js';

/** How long a store may take. */
const STORE_TIMEOUT_MS = 5000;

async function thrownBy(work: Promise<unknown>): Promise<McpGuardError> {
  try {
    await work;
  } catch (error) {
    return error as McpGuardError;
  }
  throw new Error('nothing was thrown');
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('SessionRegistry', () => {
  failsOnUnhandledRejections();

  describe('create', () => {
    it('A1 mints ids of 32 random bytes', async () => {
      const { registry } = watched();
      const sessions = await Promise.all(Array.from({ length: 30 }, () => registry.create(ada, {})));
      for (const { id } of sessions) expect(id).to.match(/^[\w-]{43}$/);
      expect(new Set(sessions.map(({ id }) => id)).size).to.equal(30);
    });

    for (const shared of [true, false]) {
      const what = shared ? 'and with what it began' : 'and no more where no other node can go on with it';
      it(`keeps a record: who, since when, until when, ${what}`, async () => {
        using _clock = stopClock();
        const store = slowStore({ shared });
        const { registry } = watched({ store, absoluteSeconds: 100 });
        const principal: Principal = { subject: 'ada', token: 'jwt', scopes: ['x'] };
        const session = await registry.create(principal, { method: 'initialize', id: 7 });
        const now = Date.now();
        expect(await store.inner.get(session.id)).to.deep.equal({
          id: session.id,
          principal,
          createdAt: now,
          lastSeenAt: now,
          expiresAt: now + 100_000,
          initialize: shared ? { message: { method: 'initialize', id: 7 }, presented: principal } : null,
        });
        expect(session).to.include({ createdAt: now, lastSeenAt: now, expiresAt: now + 100_000 });
        await registry.close();
      });
    }

    it('asks with the limits, and with what of this principal is busy', async () => {
      const store = slowStore();
      const { registry } = watched({ store, maxSessions: 9, maxSessionsPerPrincipal: 5, onLimit: 'refuse' });
      const [streaming, calling, idle] = [
        await begin(registry, ada),
        await begin(registry, ada),
        await begin(registry, ada),
      ];
      const starting = await registry.create(ada, {});
      const other = await registry.create(eve, {});
      registry.open(exchangeOf(ada), streaming);
      calling.calls = 1;
      other.calls = 1;
      await registry.create(ada, {});
      const limits = store.calls.at(-1)?.args[1] as SessionLimits;
      expect(limits).to.deep.equal({
        maxSessions: 9,
        maxSessionsPerPrincipal: 5,
        onLimit: 'refuse',
        busy: [streaming.id, calling.id, starting.id],
      });
      expect(limits.busy).to.not.include(idle.id);
    });

    it('refuses where there is no slot, and leaves nothing', async () => {
      const { registry } = watched({ maxSessionsPerPrincipal: 1, onLimit: 'refuse' });
      const first = await registry.create(ada, {});
      expect(await thrownBy(registry.create(ada, {}))).to.include({ code: 'session_limit' });
      expect(await registry.revoke({ subject: 'ada' })).to.equal(1);
      expect(first.endReason).to.equal('revoked');
      await registry.create(ada, {});
    });

    it('W17 takes the slot before anything is awaited: parallel creates never exceed the limit', async () => {
      const { registry } = watched({ maxSessionsPerPrincipal: 3, onLimit: 'refuse' });
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => registry.create(ada, {})));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(3);
    });

    it('D5 is an outage where the store fails, and leaves nothing', async () => {
      const store = slowStore();
      const { registry } = watched({ store });
      const down = new Error('down');
      store.breakDown('create', down);
      expect(await thrownBy(registry.create(ada, {}))).to.include({ code: 'unavailable', cause: down });
      await registry.endOwned(ada, 'inactive');
      expect(store.calls.map(({ method }) => method)).to.deep.equal(['create']);
    });

    it('ends what the store evicted, once, without asking the store again', async () => {
      const store = slowStore();
      const { registry, news } = watched({ store, maxSessionsPerPrincipal: 1 });
      const ended: Ended[] = [];
      const first = await begin(registry, ada, ended);
      const second = await begin(registry, ada, ended);
      await first.ending;
      expect(ended).to.deep.equal([['ada', first.id, 'evicted']]);
      expect(store.calls.some(({ method }) => method === 'delete')).to.equal(false);
      expect(first.signal.aborted).to.equal(true);
      expect(second.signal.aborted).to.equal(false);
      expect(news).to.deep.equal([
        { type: 'session.ended', reason: 'evicted', principal: first.owner, session: first.id },
      ]);
    });

    it('takes no notice of an evicted session that another node serves', async () => {
      const store = slowStore();
      const { registry } = watched({ store, maxSessionsPerPrincipal: 1 });
      const elsewhere = watched({ store });
      await elsewhere.registry.create(ada, {});
      await registry.create(ada, {});
      expect(await registry.list({})).to.have.length(1);
    });

    for (const [what, code, end] of [
      ['revoked', 'session_not_found', (registry) => registry.revoke({ subject: 'ada' })],
      ['ended as inactive', 'invalid_credentials', (registry) => registry.endOwned(ada, 'inactive')],
    ] as readonly [
      string,
      string,
      (registry: ReturnType<typeof watched>['registry']) => Promise<unknown>,
    ][]) {
      for (const moment of ['before', 'after'] as const) {
        it(`keeps nothing of a principal that is ${what} ${moment} the store has the record`, async () => {
          const store = slowStore();
          const { registry } = watched({ store });
          const slow = moment === 'before' ? store.hold('create') : store.delay('create');
          const creating = thrownBy(registry.create(ada, {}));
          await settle();
          const ending = end(registry);
          await settle();
          slow.open();
          expect(await creating).to.include({ code });
          await ending;
          expect(store.inner.list({})).to.deep.equal([]);
        });
      }
    }

    it('removes what a store takes only after nobody waits for it any more', async () => {
      using timeouts = holdTimeouts(STORE_TIMEOUT_MS);
      const store = slowStore();
      const { registry } = watched({ store });
      const slow = store.hold('create');
      const creating = thrownBy(registry.create(ada, {}));
      await settle();
      timeouts.fire();
      expect(await creating).to.include({ code: 'unavailable' });
      slow.open();
      await settle();
      expect(store.inner.list({})).to.deep.equal([]);
    });

    it('removes nothing where a store refuses after all', async () => {
      using timeouts = holdTimeouts(STORE_TIMEOUT_MS);
      const store = slowStore();
      const { registry } = watched({ store, maxSessions: 1 });
      await registry.create(ada, {});
      const slow = store.hold('create');
      const creating = thrownBy(registry.create(ada, {}));
      await settle();
      timeouts.fire();
      await creating;
      slow.open();
      await settle();
      expect(store.calls.some(({ method }) => method === 'delete')).to.equal(false);
    });

    it('keeps what is created after a revocation', async () => {
      const { registry } = watched();
      await registry.revoke({ subject: 'ada' });
      const session = await registry.create(ada, {});
      expect(await registry.find(session.id)).to.equal(session);
    });
  });

  describe('enrich', () => {
    it('keeps what the login made of the principal', async () => {
      const { registry, store } = watched();
      const session = await registry.create(ada, {});
      await registry.enrich(session, { subject: 'ada', token: 'jwt' });
      expect(session.principal.token).to.equal('jwt');
      expect((await store.get(session.id))?.principal).to.deep.equal({ subject: 'ada', token: 'jwt' });
    });

    it('ends the session with the token that was issued for it', async () => {
      using _clock = stopClock();
      const { registry, store } = watched({ absoluteSeconds: 1000 });
      const seconds = Math.floor(Date.now() / 1000);
      const session = await registry.create(ada, {});
      await registry.enrich(session, { ...ada, token: 'jwt', expiresAt: seconds + 100 });
      expect(session.expiresAt).to.equal((seconds + 100) * 1000);
      expect(await store.get(session.id)).to.include({ expiresAt: session.expiresAt });
    });

    it('never later than its absolute end', async () => {
      const { registry } = watched({ absoluteSeconds: 10 });
      const session = await registry.create(ada, {});
      const { expiresAt } = session;
      await registry.enrich(session, { ...ada, token: 'jwt', expiresAt: Date.now() / 1000 + 1000 });
      expect(session.expiresAt).to.equal(expiresAt);
    });

    it('not with the time of the credential that began it: a refreshed one goes on', async () => {
      const expiresAt = Date.now() / 1000 + 60;
      const { registry } = watched();
      const session = await registry.create({ ...ada, token: 'presented', expiresAt }, {});
      const before = session.expiresAt;
      await registry.enrich(session, { ...ada, token: 'presented', expiresAt, claims: { a: 1 } });
      expect(session.expiresAt).to.equal(before);
    });

    for (const [what, { lessSeconds, ...changes }] of [
      ['another token of the same time', { token: 'issued', lessSeconds: 0 }],
      ['the same token, for another time', { lessSeconds: 30 }],
    ] as const) {
      it(`with the time of what was issued: ${what}`, async () => {
        const presented = { ...ada, token: 'presented', expiresAt: Math.floor(Date.now() / 1000) + 60 };
        const { registry } = watched();
        const session = await registry.create(presented, {});
        const issued = { ...presented, ...changes, expiresAt: presented.expiresAt - lessSeconds };
        await registry.enrich(session, issued);
        expect(session.expiresAt).to.equal(issued.expiresAt * 1000);
      });
    }

    it('fails where the session has ended meanwhile, or the store is down', async () => {
      const store = slowStore();
      const { registry } = watched({ store });
      const [gone, other] = [await registry.create(ada, {}), await registry.create(ada, {})];
      const slow = store.hold('update');
      const enriching = thrownBy(registry.enrich(gone, { ...ada, token: 'jwt' }));
      await registry.end(gone, 'revoked');
      slow.open();
      expect(await enriching).to.include({ code: 'session_not_found' });
      expect(store.inner.get(gone.id)).to.equal(undefined);
      store.breakDown('update');
      expect(await thrownBy(registry.enrich(other, ada))).to.include({ code: 'unavailable' });
    });
  });

  describe('find', () => {
    it('answers the live session of that id, and nothing for another', async () => {
      const { registry } = watched();
      const session = await registry.create(ada, {});
      expect(await registry.find(session.id)).to.equal(session);
      expect(await registry.find(`${session.id.slice(0, -1)}_`)).to.equal(undefined);
      expect(await registry.find('__proto__')).to.equal(undefined);
    });

    it('answers nothing that another process serves', async () => {
      const store = slowStore();
      const elsewhere = await watched({ store }).registry.create(ada, {});
      expect(await watched({ store }).registry.find(elsewhere.id)).to.equal(undefined);
      expect(store.inner.get(elsewhere.id)).to.not.equal(undefined);
    });

    it('is an outage where the store does not answer in time', async () => {
      using timeouts = holdTimeouts(STORE_TIMEOUT_MS);
      const store = slowStore();
      const { registry } = watched({ store });
      store.hold('get');
      const finding = thrownBy((async () => registry.find('id'))());
      await settle();
      timeouts.fire();
      expect(await finding).to.include({ code: 'unavailable' });
    });

    it('is an outage where the store fails', async () => {
      const store = slowStore();
      const { registry } = watched({ store });
      store.breakDown('get');
      expect(await thrownBy((async () => registry.find('id'))())).to.include({ code: 'unavailable' });
    });

    for (const shared of [false, true]) {
      it(`ends a session whose record is gone${shared ? ', and leaves its login to who removed it' : ''}`, async () => {
        const store = slowStore(shared ? { shared } : {});
        const { registry } = watched({ store });
        const ended: Ended[] = [];
        const session = await begin(registry, ada, ended);
        store.inner.delete(session.id);
        expect(await registry.find(session.id)).to.equal(undefined);
        await session.ending;
        expect(session.signal.aborted).to.equal(true);
        expect(ended).to.deep.equal(shared ? [] : [['ada', session.id, 'deleted']]);
      });
    }

    it('A5 finds nothing while a session ends, and ends it once', async () => {
      const store = slowStore();
      const { registry } = watched({ store });
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      const slow = store.hold('delete');
      const ending = registry.end(session, 'deleted');
      expect(await registry.find(session.id)).to.equal(undefined);
      slow.open();
      await ending;
      expect(await registry.find(session.id)).to.equal(undefined);
      expect(ended).to.have.length(1);
    });

    for (const [reason, limits] of [
      ['idle', { idleSeconds: 60, absoluteSeconds: 1000 }],
      ['expired', { idleSeconds: 1000, absoluteSeconds: 60 }],
    ] as const) {
      it(`ends what is ${reason}, although no timer has come to it`, async () => {
        const { now } = Date;
        const { registry } = watched(limits);
        const ended: Ended[] = [];
        const session = await begin(registry, ada, ended);
        try {
          Date.now = () => session.createdAt + 59_999;
          expect(await registry.find(session.id)).to.equal(session);
          Date.now = () => session.createdAt + 60_000;
          expect(await registry.find(session.id)).to.equal(undefined);
        } finally {
          Date.now = now;
        }
        await session.ending;
        expect(ended).to.deep.equal([['ada', session.id, reason]]);
      });
    }
  });

  describe('touch', () => {
    it('counts idle time from here, and writes that at most once a second', async () => {
      using clock = stopClock();
      const store = slowStore();
      const { registry } = watched({ store });
      const session = await registry.create(ada, {});
      const start = Date.now();
      for (let i = 0; i < 25; i += 1) {
        clock.advance(100);
        registry.touch(session);
      }
      expect(session.lastSeenAt).to.equal(start + 2500);
      await settle();
      const written = store.calls.filter(({ method }) => method === 'update').map(({ args }) => args[1]);
      expect(written).to.deep.equal([{ lastSeenAt: start + 1000 }, { lastSeenAt: start + 2000 }]);
    });

    it('outlives an outage of the store', async () => {
      using clock = stopClock();
      const store = slowStore();
      const { registry } = watched({ store });
      const session = await registry.create(ada, {});
      store.breakDown('update');
      clock.advance(2000);
      registry.touch(session);
      await settle();
      expect(await registry.find(session.id)).to.equal(session);
    });

    it('writes nothing of a session that ends', async () => {
      using clock = stopClock();
      const store = slowStore();
      const { registry } = watched({ store });
      const session = await registry.create(ada, {});
      clock.advance(2000);
      const ending = registry.end(session, 'deleted');
      registry.touch(session);
      await ending;
      expect(store.calls.some(({ method }) => method === 'update')).to.equal(false);
    });

    it('E6 no exchange is watched that is over already', async () => {
      const { registry } = watched();
      const session = await begin(registry, ada);
      const codes: string[] = [];
      const exchange = exchangeOf(ada, codes);
      exchange.isOver = true;
      registry.open(exchange, session);
      expect(session.isBusy).to.equal(false);
      await registry.close();
      expect(codes).to.deep.equal([]);
    });

    it('W18 comes with the end of an exchange', async () => {
      using clock = stopClock();
      const { registry } = watched();
      const session = await begin(registry, ada);
      const exchange = exchangeOf(ada);
      registry.open(exchange, session);
      expect(session.isBusy).to.equal(true);
      clock.advance(5000);
      registry.closed(exchange, session);
      expect(session.isBusy).to.equal(false);
      expect(session.lastSeenAt).to.equal(session.createdAt + 5000);
    });
  });

  describe('end', () => {
    it('ends once however often it is asked, for the first reason', async () => {
      const store = slowStore();
      const { registry, news } = watched({ store });
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      let closed = 0;
      session.closeServer = async () => {
        closed += 1;
      };
      await Promise.all([
        registry.end(session, 'deleted'),
        registry.end(session, 'idle'),
        registry.revoke({ subject: 'ada' }),
        registry.revoke({ sessionId: session.id }),
        registry.endOwned(ada, 'inactive'),
        registry.find(session.id),
        registry.close(),
      ]);
      await registry.end(session, 'expired');
      expect(ended).to.deep.equal([['ada', session.id, 'deleted']]);
      expect(closed).to.equal(1);
      expect(store.calls.filter(({ method }) => method === 'delete')).to.have.length(1);
      expect(news).to.deep.equal([
        { type: 'session.ended', reason: 'deleted', principal: session.owner, session: session.id },
      ]);
    });

    it('W16 tolerates that closing the server asks for the end again', async () => {
      const { registry } = watched();
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      session.closeServer = async () => void registry.end(session, 'failed');
      await registry.end(session, 'deleted');
      expect(ended).to.deep.equal([['ada', session.id, 'deleted']]);
    });

    it('resolves when everything of it is closed', async () => {
      const { registry } = watched();
      const session = await registry.create(ada, {});
      const [closing, undoing] = [gate(), gate()];
      session.closeServer = () => closing.opened;
      session.hooks = { endSession: () => undoing.opened };
      let hasEnded = false;
      const ending = registry.end(session, 'deleted').then(() => {
        hasEnded = true;
      });
      await settle();
      closing.open();
      await settle();
      expect(hasEnded).to.equal(false);
      undoing.open();
      await ending;
    });

    it('W15 undoes the login with the enriched principal and the reason', async () => {
      const { registry } = watched();
      const session = await registry.create(ada, {});
      const heard: unknown[] = [];
      session.hooks = {
        async endSession(principal, context) {
          heard.push(principal.token, context);
        },
      };
      await registry.enrich(session, { subject: 'ada', token: 'issued' });
      await registry.end(session, 'revoked');
      expect(heard).to.deep.equal(['issued', { sessionId: session.id, reason: 'revoked' }]);
    });

    for (const [reason, code] of [
      ['shutdown', 'closing'],
      ['inactive', 'invalid_credentials'],
      ['deleted', 'session_not_found'],
      ['idle', 'session_not_found'],
      ['expired', 'session_not_found'],
      ['revoked', 'session_not_found'],
      ['evicted', 'session_not_found'],
      ['failed', 'session_not_found'],
    ] as const) {
      it(`${reason}: aborts its signal and ends its exchanges with ${code}`, async () => {
        const { registry } = watched();
        const session = await begin(registry, ada);
        const codes: string[] = [];
        for (let i = 0; i < 2; i += 1) registry.open(exchangeOf(ada, codes), session);
        await registry.end(session, reason);
        expect(codes).to.deep.equal([code, code]);
        expect(session.signal.aborted).to.equal(true);
        expect(session.isBusy).to.equal(false);
        expect(session.endReason).to.equal(reason);
      });
    }

    it('goes on where the server cannot be closed', async () => {
      const { registry, news, store } = watched();
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      session.closeServer = () => Promise.reject(new Error('stuck'));
      await registry.end(session, 'idle');
      expect(ended).to.have.length(1);
      expect(await store.get(session.id)).to.equal(undefined);
      expect(news.map((piece) => [piece.type, 'reason' in piece && piece.reason])).to.deep.equal([
        ['server.failed', 'transport'],
        ['session.ended', 'idle'],
      ]);
    });

    it('D6 goes on where endSession throws, and tells who wants to know', async () => {
      const { registry, news } = watched();
      const session = await registry.create(ada, {});
      const bug = new Error('bug');
      const heard: unknown[] = [];
      session.onEndError = (error) => heard.push(error);
      session.hooks = {
        endSession() {
          throw bug;
        },
      };
      await registry.end(session, 'idle');
      expect(heard).to.deep.equal([bug]);
      expect(news.map((piece) => 'reason' in piece && piece.reason)).to.deep.equal(['idle', 'end_session']);
    });

    for (const shared of [false, true]) {
      it(`where the store fails the login is ${shared ? 'left to who removes the record' : 'undone'}`, async () => {
        const store = slowStore(shared ? { shared } : {});
        const { registry, news } = watched({ store });
        const ended: Ended[] = [];
        const session = await begin(registry, ada, ended);
        store.breakDown('delete');
        await registry.end(session, 'idle');
        expect(ended).to.have.length(shared ? 0 : 1);
        expect(news.map((piece) => 'reason' in piece && piece.reason)).to.deep.equal(['store_error', 'idle']);
      });
    }

    it('leaves the login to the one who removed the record', async () => {
      const store = slowStore({ shared: true });
      const { registry, news } = watched({ store });
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      store.inner.delete(session.id);
      await registry.end(session, 'idle');
      expect(ended).to.deep.equal([]);
      expect(news.map(({ type }) => type)).to.deep.equal(['session.ended']);
    });
  });

  describe('endOwned', () => {
    it('ends the sessions and exchanges of one principal, and no others', async () => {
      const { registry } = watched();
      const ended: Ended[] = [];
      const mine = [await begin(registry, ada, ended), await begin(registry, ada, ended)];
      const foreign = await begin(registry, { subject: 'ada', tenant: 'other' }, ended);
      const [codes, foreignCodes]: [string[], string[]] = [[], []];
      registry.open(exchangeOf(ada, codes), undefined);
      registry.open(exchangeOf(eve, foreignCodes), undefined);
      await registry.endOwned(ada, 'inactive');
      expect(ended).to.have.deep.members(mine.map(({ id }) => ['ada', id, 'inactive']));
      expect(codes).to.deep.equal(['invalid_credentials']);
      expect(foreignCodes).to.deep.equal([]);
      expect(foreign.signal.aborted).to.equal(false);
    });
  });

  describe('list', () => {
    it('answers the records whose principal matches, their tokens hidden', async () => {
      const { registry } = watched();
      await registry.create({ subject: 'ada', token: 'secret' }, {});
      await registry.create(eve, {});
      const records = await registry.list({ subject: 'ada' });
      expect(records.map(({ principal }) => principal.token)).to.deep.equal(['secret']);
      const [record] = records;
      expect(inspect(record?.principal, { showHidden: true, depth: 9 })).to.not.include('secret');
      expect(await registry.list({})).to.have.length(2);
    });

    it('is an outage where the store fails', async () => {
      const store = slowStore();
      store.breakDown('list');
      expect(await thrownBy(watched({ store }).registry.list({}))).to.include({ code: 'unavailable' });
    });
  });

  describe('revoke', () => {
    it('ends what matches, and says how many', async () => {
      const { registry } = watched();
      const ended: Ended[] = [];
      for (const principal of [ada, ada, eve, { subject: 'ada', tenant: 't' }]) {
        await begin(registry, principal, ended);
      }
      expect(await registry.revoke({ subject: 'ada', tenant: 't' })).to.equal(1);
      expect(await registry.revoke({ subject: 'ada' })).to.equal(2);
      expect(await registry.revoke({ subject: 'ada' })).to.equal(0);
      expect(ended.map(([, , reason]) => reason)).to.deep.equal(['revoked', 'revoked', 'revoked']);
      expect(await registry.list({})).to.have.length(1);
    });

    it('ends one session by its id', async () => {
      const { registry } = watched();
      const [first, second] = [await registry.create(ada, {}), await registry.create(ada, {})];
      expect(await registry.revoke({ sessionId: first.id })).to.equal(1);
      expect(await registry.revoke({ sessionId: first.id })).to.equal(0);
      expect(await registry.revoke({ sessionId: 'nothing' })).to.equal(0);
      expect(await registry.find(second.id)).to.equal(second);
    });

    it('counts every session once, however often it is asked at once', async () => {
      const { registry } = watched({ store: slowStore() });
      for (let i = 0; i < 5; i += 1) await registry.create(ada, {});
      const counts = await Promise.all(Array.from({ length: 4 }, () => registry.revoke({ subject: 'ada' })));
      expect(counts.reduce((sum, count) => sum + count)).to.equal(5);
    });

    it('removes the record of a session that no process serves any more', async () => {
      const store = slowStore();
      await watched({ store }).registry.create(ada, {});
      expect(await watched({ store }).registry.revoke({ subject: 'ada' })).to.equal(1);
      expect(store.inner.list({})).to.deep.equal([]);
    });

    it('removes a record that the end of its session had to leave behind', async () => {
      const store = slowStore();
      const { registry } = watched({ store });
      const session = await registry.create(ada, {});
      store.breakDown('delete');
      await registry.end(session, 'idle');
      store.recover();
      expect(await registry.revoke({ subject: 'ada' })).to.equal(1);
      expect(store.inner.list({})).to.deep.equal([]);
    });

    it('makes guards forget the proofs', async () => {
      const { registry } = watched();
      const keeper = fakeKeeper();
      registry.meet(keeper);
      const session = await registry.create({ subject: 'ada', tenant: 't' }, {});
      await registry.revoke({ subject: 'eve', issuer: 'i' });
      await registry.revoke({ sessionId: 'nothing' });
      await registry.revoke({ sessionId: session.id });
      expect(keeper.forgotten).to.deep.equal([
        { subject: 'eve', issuer: 'i' },
        { subject: 'ada', tenant: 't' },
      ]);
    });

    it('ends exchanges that belong to no session, too', async () => {
      const { registry } = watched();
      const [codes, foreignCodes]: [string[], string[]] = [[], []];
      registry.open(exchangeOf(ada, codes), undefined);
      registry.open(exchangeOf(eve, foreignCodes), undefined);
      await registry.revoke({ subject: 'ada' });
      expect(codes).to.deep.equal(['session_not_found']);
      expect(foreignCodes).to.deep.equal([]);
    });

    it('of one session ends no other stream of its principal', async () => {
      const { registry } = watched();
      const [first, second] = [await registry.create(ada, {}), await registry.create(ada, {})];
      const codes: string[] = [];
      registry.open(exchangeOf(ada, codes), second);
      await registry.revoke({ sessionId: first.id });
      expect(codes).to.deep.equal([]);
    });

    for (const by of ['subject', 'session'] as const) {
      it(`by ${by}, ends what is served here also where the store fails, and rejects`, async () => {
        const store = slowStore();
        const { registry } = watched({ store });
        const keeper = fakeKeeper();
        registry.meet(keeper);
        const session = await begin(registry, ada);
        store.breakDown('list');
        store.breakDown('get');
        const target = by === 'subject' ? { subject: 'ada' } : { sessionId: session.id };
        expect(await thrownBy(registry.revoke(target))).to.include({ code: 'unavailable' });
        expect(session.endReason).to.equal('revoked');
        expect(keeper.forgotten).to.have.length(1);
      });
    }

    it('undoes no login again whose record the store failed to remove', async () => {
      const store = slowStore();
      const { registry } = watched({ store });
      const ended: Ended[] = [];
      const hooks: SessionHooks = {
        async endSession({ subject }, { sessionId, reason }) {
          ended.push([subject, sessionId, reason]);
        },
      };
      registry.meet({ ...fakeKeeper(), owner: 'fake', hooks });
      const session = await registry.create(ada, { method: 'initialize' }, { by: 'fake 0' });
      session.isStarting = false;
      session.hooks = hooks;
      store.breakDown('delete');
      await registry.end(session, 'deleted');
      store.recover();
      await registry.revoke({ sessionId: session.id });
      expect(await registry.list({})).to.deep.equal([]);
      expect(ended.map(([, , reason]) => reason)).to.deep.equal(['deleted']);
    });

    it('is an outage where the store fails', async () => {
      const store = slowStore();
      const { registry } = watched({ store });
      store.breakDown('list');
      store.breakDown('get');
      expect(await thrownBy(registry.revoke({ subject: 'ada' }))).to.include({ code: 'unavailable' });
      expect(await thrownBy(registry.revoke({ sessionId: 'a' }))).to.include({ code: 'unavailable' });
    });
  });

  describe('assertAlive', () => {
    for (const [reason, code] of [
      ['shutdown', 'closing'],
      ['inactive', 'invalid_credentials'],
      ['revoked', 'session_not_found'],
      ['failed', 'session_not_found'],
    ] as const) {
      it(`refuses what has ended as ${reason} with ${code}`, async () => {
        const { registry } = watched();
        const session = await registry.create(ada, {});
        assertAlive(session);
        await registry.end(session, reason);
        expect(() => assertAlive(session))
          .to.throw()
          .with.property('code', code);
      });
    }
  });

  describe('meets guards that prove credentials', () => {
    it('and ends the sessions of whom they find inactive', async () => {
      const { registry } = watched();
      const keeper = fakeKeeper();
      registry.meet(keeper);
      registry.meet(keeper);
      expect(keeper.listeners.size).to.equal(1);
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      for (const listener of keeper.listeners) listener(ada);
      await session.ending;
      expect(ended).to.deep.equal([['ada', session.id, 'inactive']]);
    });

    it('and tells them whose a live session is, and with which credentials it was proven', async () => {
      const { registry } = watched();
      const keeper = fakeKeeper();
      registry.meet(keeper);
      const session = await registry.create(ada, {});
      session.addProof('proof');
      const [find = () => undefined] = keeper.holders;
      expect(find(session.id)?.owner).to.equal(principalKey(ada));
      expect([...(find(session.id)?.proofs ?? [])]).to.deep.equal(['proof']);
      expect(find('unknown')).to.equal(undefined);
      await registry.end(session, 'deleted');
      expect(find(session.id)).to.equal(undefined);
    });
  });

  describe('hears of other nodes', () => {
    it('that a session has ended, and leaves its record and its login to them', async () => {
      let tell = (_id: string, _reason: 'revoked'): void => {};
      let isHearing = false;
      const store = slowStore({
        shared: true,
        onDeleted(listener) {
          tell = listener;
          isHearing = true;
          return () => {
            isHearing = false;
          };
        },
      });
      const { registry } = watched({ store });
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      tell('unknown', 'revoked');
      tell(session.id, 'revoked');
      await session.ending;
      expect(session.endReason).to.equal('revoked');
      expect(session.signal.aborted).to.equal(true);
      expect(store.calls.some(({ method }) => method === 'delete')).to.equal(false);
      expect(ended).to.deep.equal([]);
      await registry.close();
      expect(isHearing).to.equal(false);
    });
  });

  describe('close', () => {
    it('E7 ends every session and every exchange', async () => {
      const { registry, store } = watched();
      const ended: Ended[] = [];
      const sessions = [await begin(registry, ada, ended), await begin(registry, eve, ended)];
      const codes: string[] = [];
      registry.open(exchangeOf(ada, codes), undefined);
      await registry.close();
      expect(ended).to.have.deep.members(
        sessions.map(({ principal, id }) => [principal.subject, id, 'shutdown']),
      );
      expect(codes).to.deep.equal(['closing']);
      expect(await store.list({})).to.deep.equal([]);
    });

    it('lets go of sessions that outlive this process', async () => {
      const store = slowStore({ shared: true });
      const { registry, news } = watched({ store });
      const ended: Ended[] = [];
      const session = await begin(registry, ada, ended);
      let isClosed = false;
      session.closeServer = async () => {
        isClosed = true;
      };
      await registry.close();
      expect(isClosed).to.equal(true);
      expect(session.signal.aborted).to.equal(true);
      expect(ended).to.deep.equal([]);
      expect(news).to.deep.equal([]);
      expect(store.inner.get(session.id)).to.not.equal(undefined);
    });

    for (const ends of ['closing', 'a revocation before it'] as const) {
      it(`E7 leaves no record of a session that is beginning, and ended by ${ends}`, async () => {
        const store = slowStore({ shared: true });
        const { registry } = watched({ store });
        const creating = store.hold('create');
        const refused = thrownBy(registry.create(ada, {}));
        if (ends !== 'closing') await registry.revoke({ subject: 'ada' });
        let isClosed = false;
        const closing = registry.close().then(() => {
          isClosed = true;
        });
        await settle();
        expect(isClosed).to.equal(false);
        const removing = store.hold('delete');
        creating.open();
        await settle();
        expect(isClosed).to.equal(false);
        removing.open();
        await closing;
        expect(store.inner.list({})).to.deep.equal([]);
        expect(await refused).to.include({ code: ends === 'closing' ? 'closing' : 'session_not_found' });
      });
    }

    it('E7 waits no longer for a session that is beginning than for anything else', async () => {
      using timeouts = holdTimeouts(STORE_TIMEOUT_MS);
      const store = slowStore({ shared: true });
      const { registry } = watched({ store });
      store.hold('create');
      const refused = thrownBy(registry.create(ada, {}));
      const closing = registry.close();
      await settle();
      timeouts.fire();
      await closing;
      expect(await refused).to.include({ code: 'unavailable' });
    });

    it('listens to no guard any more', async () => {
      const { registry } = watched();
      const keeper = fakeKeeper();
      registry.meet(keeper);
      await registry.close();
      expect(keeper.listeners.size).to.equal(0);
      expect(keeper.holders.size).to.equal(0);
    });
  });

  it('E3 ends by itself what is idle, and what is over although it is busy', async () => {
    using clock = stopClock();
    const { registry } = watched({ idleSeconds: 60, absoluteSeconds: 100 });
    const ended: Ended[] = [];
    const idle = await begin(registry, ada, ended);
    const busy = await begin(registry, ada, ended);
    registry.open(exchangeOf(ada), busy);
    clock.advance(59_999);
    expect(ended).to.deep.equal([]);
    clock.advance(251);
    await idle.ending;
    clock.advance(40_000);
    await busy.ending;
    expect(ended).to.deep.equal([
      ['ada', idle.id, 'idle'],
      ['ada', busy.id, 'expired'],
    ]);
  });
});
