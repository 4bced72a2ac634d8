import { expect } from 'chai';

import {
  MemorySessionStore,
  mcpSessionBinding,
  type PrincipalFilter,
  type SessionLimits,
  type SessionRecord,
} from '../../lib/index.js';
import { call } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { as, guarded } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { bad, checksOptions } from '../support/options.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { begin } from '../support/session.js';
import { tell } from '../support/tell.js';

const storeWithout = (operation: string): object =>
  Object.assign(new MemorySessionStore(), { [operation]: undefined });

describe('mcpSessionBinding', () => {
  checksOptions(
    'mcpSessionBinding',
    mcpSessionBinding,
    {},
    {
      store: [
        null,
        'memory',
        {},
        () => {},
        ...['create', 'get', 'update', 'delete', 'list'].map(storeWithout),
      ],
      idleSeconds: bad.seconds,
      absoluteSeconds: bad.seconds,
      maxSessions: bad.count,
      maxSessionsPerPrincipal: bad.count,
      onLimit: ['', 'evict', 'REFUSE', null, true, ['refuse']],
      recheckSeconds: bad.seconds,
      onStoreDown: ['', 'serve', 'REFUSE', null, true, ['refuse']],
    },
  );

  it('asks the store it is given, with the limits it is told', async () => {
    const asked: (readonly [SessionRecord, SessionLimits])[] = [];
    class Store extends MemorySessionStore {
      override create(record: SessionRecord, limits: SessionLimits) {
        asked.push([record, limits]);
        return super.create(record, limits);
      }
    }
    const defaults = { maxSessions: 10_000, maxSessionsPerPrincipal: 32, onLimit: 'evict-idle' as const };
    const told = { maxSessions: 5, maxSessionsPerPrincipal: 2, onLimit: 'refuse' as const };
    for (const [options, limits] of [
      [{}, defaults],
      [told, told],
    ] as const) {
      await using app = await guarded({ binding: { store: new Store(), ...options } });
      const { id } = await begin(app.url, as('ann'));
      const [record, asOf] = asked.pop() as (typeof asked)[0];
      expect(asOf).to.deep.equal({ ...limits, busy: [] });
      expect(record).to.deep.include({ id, principal: { subject: 'ann' }, createdAt: record.lastSeenAt });
      expect(record.expiresAt - record.createdAt).to.equal(43_200_000);
      expect(JSON.parse(JSON.stringify(record))).to.deep.equal(record);
    }
  });

  for (const [idleSeconds, options] of [
    [1800, {}],
    [7, { idleSeconds: 7 }],
  ] as const) {
    it(`ends a session ${idleSeconds} s after its last call`, async () => {
      using clock = stopClock();
      using heard = hearOf('idler');
      await using app = await guarded({ binding: options });
      const session = await begin(app.url, as('idler'));
      clock.advance(idleSeconds * 1000 - 1);
      expect(JSON.parse(await session.tool('whoami'))).to.include({ created: 'idler' });
      clock.advance(idleSeconds * 1000 - 1);
      expect(await app.sessions.list()).to.have.length(1);
      clock.advance(1);
      expectRefusal(await session.send({}), 'session_not_found');
      expect(heard.events.filter(({ type }) => type === 'session.ended')).to.have.length(1);
      expect(heard.events.find(({ type }) => type === 'session.ended')).to.include({ reason: 'idle' });
    });
  }

  for (const [absoluteSeconds, options] of [
    [43_200, {}],
    [90, { absoluteSeconds: 90 }],
  ] as const) {
    it(`ends a session ${absoluteSeconds} s after its beginning, a stream or not`, async () => {
      using clock = stopClock();
      using heard = hearOf('ender');
      await using app = await guarded({ binding: options });
      const session = await begin(app.url, as('ender'));
      const stream = await session.listen();
      clock.advance(absoluteSeconds * 1000 - 1);
      expect(await app.sessions.list()).to.have.length(1);
      expect(stream.isEnded).to.equal(false);
      clock.advance(251);
      expect(await stream.ended).to.equal('end');
      expectRefusal(await session.send({}), 'session_not_found');
      expect(heard.events.find(({ type }) => type === 'session.ended')).to.include({ reason: 'expired' });
    });
  }

  for (const [recheckSeconds, options] of [
    [30, {}],
    [4, { recheckSeconds: 4 }],
  ] as const) {
    it(`asks isActive every ${recheckSeconds} s while a stream is open, and not without one`, async () => {
      using clock = stopClock();
      let asked = 0;
      const isActive = () => {
        asked += 1;
        return true;
      };
      await using app = await guarded({ basic: { isActive }, binding: options });
      const session = await begin(app.url, as('ann'));
      const stream = await session.listen();
      asked = 0;
      const counts: number[] = [];
      for (const ms of [recheckSeconds * 1000 - 1, 250, recheckSeconds * 1000, recheckSeconds * 1000]) {
        clock.advance(ms);
        await Promise.resolve();
        counts.push(asked);
      }
      expect(counts).to.deep.equal([0, 1, 2, 3]);
      stream.drop();
      expect((await session.delete()).status).to.equal(200);
      asked = 0;
      clock.advance(recheckSeconds * 5000);
      expect(asked).to.equal(0);
    });
  }

  it('lets nobody pass', async () => {
    await using served = await serve(mcpSessionBinding(), tell);
    expectRefusal(await call(served.url), 'missing_credentials', { challenges: ['Bearer realm="mcp"'] });
  });

  describe('its methods', () => {
    const binding = mcpSessionBinding();
    const rejection = async (promise: Promise<unknown>): Promise<Error> =>
      promise.then(
        () => expect.fail('not refused'),
        (error: Error) => error,
      );

    const targets: readonly (readonly [unknown, string])[] = [
      [undefined, 'options must be an object'],
      [null, 'options must be an object'],
      ['ann', 'options must be an object'],
      [{}, 'option "subject"'],
      [{ subject: '' }, 'option "subject"'],
      [{ subject: undefined }, 'option "subject"'],
      [{ subject: 'ann', tenant: '' }, 'option "tenant"'],
      [{ subject: 'ann', issuer: 5 }, 'option "issuer"'],
      [{ tenant: 't' }, 'option "subject"'],
      [{ subject: 'ann', realm: 'x' }, 'unknown option "realm"'],
      [{ sessionId: '' }, 'option "sessionId"'],
      [{ sessionId: 5 }, 'option "sessionId"'],
      [{ sessionId: undefined, subject: 'ann' }, 'option "subject"'],
      [{ sessionId: 'x', subject: 'ann' }, 'unknown option "subject"'],
    ];
    for (const [target, text] of targets) {
      it(`revoke refuses ${JSON.stringify(target)}`, async () => {
        const error = await rejection(binding.revoke(target as { subject: string }));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.include('revoke: ').and.include(text);
      });
    }

    for (const filter of [{ subjct: 'ann' }, { subject: 5 }, { issuer: '' }, null, 'ann']) {
      it(`list refuses ${JSON.stringify(filter)}`, async () => {
        const error = await rejection(binding.list(filter as PrincipalFilter));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.match(/^list: /);
      });
    }
  });
});
