import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import type { Keepers } from '../../lib/sessions/keepers.js';
import { LiveSession } from '../../lib/sessions/live-session.js';
import { Revocation } from '../../lib/sessions/revocation.js';
import { Roster } from '../../lib/sessions/roster.js';
import type { SessionEnds } from '../../lib/sessions/session-ends.js';
import type { StoredSessions } from '../../lib/sessions/stored-sessions.js';
import type { Principal, SessionRecord } from '../../lib/types.js';
import { ada, eve, exchangeOf } from './support.js';

const DOWN = new McpGuardError('unavailable');
const acme: Principal = { ...ada, tenant: 'acme' };

const recordOf = (id: string, principal: Principal): SessionRecord => ({
  ...{ id, principal, createdAt: 0, lastSeenAt: 0, expiresAt: 1, initialize: null },
});

interface Given {
  /** What the store has, whatever it is asked for; an error where it is down. */
  readonly records?: readonly SessionRecord[] | Error;
  readonly served?: readonly (readonly [id: string, principal: Principal])[];
  readonly isShared?: boolean;
  /** Ends that are under way. */
  readonly underWay?: readonly string[];
  readonly leftBehind?: readonly string[];
  /** Whether this node is the one that ends a record. */
  readonly isOurs?: boolean;
}

function scene(given: Given = {}) {
  const { records = [], served = [], isShared = true, underWay = [], leftBehind = [], isOurs = true } = given;
  const log: unknown[] = [];
  const roster = new Roster();
  for (const [id, principal] of served) roster.add(new LiveSession(id, principal, 0, 1));
  const asked = async <T>(answer: (kept: readonly SessionRecord[]) => T): Promise<T> => {
    if (records instanceof Error) throw records;
    return answer(records);
  };
  const store = {
    isShared,
    list: (filter: unknown) => log.push(['list', filter]) && asked((kept) => kept),
    get: (id: string) => asked((kept) => kept.find((record) => record.id === id)),
  };
  const ends = {
    underWay: (id: string) => (underWay.includes(id) ? Promise.resolve() : undefined),
    end: async ({ id }: LiveSession, reason: string) => void log.push(['end', id, reason]),
    hear: (id: string, reason: string) => log.push(['hear', id, reason]),
    removals: { isLeftBehind: (id: string) => leftBehind.includes(id) },
    ofRecords: {
      end: async ({ id }: SessionRecord, reason: string) => log.push(['endRecord', id, reason]) && isOurs,
    },
  };
  const keepers = { forget: (filter: unknown) => log.push(['forget', filter]) };
  const revocation = new Revocation(
    roster,
    store as unknown as StoredSessions,
    ends as unknown as SessionEnds,
    keepers as unknown as Keepers,
  );
  return { revocation, roster, log };
}

const errorOf = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('Revocation', () => {
  describe('of one session', () => {
    it('ends what is served here, and forgets whose it is', async () => {
      const { revocation, log } = scene({ records: [recordOf('a', ada)], served: [['a', ada]] });
      expect(await revocation.revoke({ sessionId: 'a' })).to.equal(1);
      expect(log).to.deep.equal([
        ['forget', ada],
        ['end', 'a', 'revoked'],
      ]);
    });

    it('ends what is served elsewhere by its record, and hears of that itself', async () => {
      const { revocation, log } = scene({ records: [recordOf('a', ada)] });
      expect(await revocation.revoke({ sessionId: 'a' })).to.equal(1);
      expect(log).to.deep.equal([
        ['forget', ada],
        ['endRecord', 'a', 'revoked'],
        ['hear', 'a', 'revoked'],
      ]);
    });

    it('counts none that another node has ended, or that is ending already, or that is not there', async () => {
      const others = scene({ records: [recordOf('a', ada)], isOurs: false });
      expect(await others.revocation.revoke({ sessionId: 'a' })).to.equal(0);
      expect(others.log).to.deep.equal([
        ['forget', ada],
        ['endRecord', 'a', 'revoked'],
      ]);
      const ending = scene({ records: [recordOf('a', ada)], underWay: ['a'] });
      expect(await ending.revocation.revoke({ sessionId: 'a' })).to.equal(0);
      expect(ending.log).to.deep.equal([['forget', ada]]);
      const nothing = scene();
      expect(await nothing.revocation.revoke({ sessionId: 'a' })).to.equal(0);
      expect(nothing.log).to.deep.equal([]);
    });

    it('ends what is just beginning here, of which the store knows nothing yet', async () => {
      const { revocation, log } = scene({ served: [['a', ada]] });
      expect(await revocation.revoke({ sessionId: 'a' })).to.equal(1);
      expect(log).to.deep.equal([
        ['forget', ada],
        ['end', 'a', 'revoked'],
      ]);
    });
  });

  describe('of a person', () => {
    it('ends sessions here and elsewhere, and streams, of whoever matches, and of nobody else', async () => {
      const { revocation, roster, log } = scene({
        records: [recordOf('a', ada), recordOf('b', acme)],
        served: [
          ['a', ada],
          ['new', acme],
          ['e', eve],
        ],
      });
      const codes: Record<string, string[]> = { ada: [], eve: [] };
      roster.exchanges.add(exchangeOf(ada, codes.ada));
      roster.exchanges.add(exchangeOf(eve, codes.eve));
      expect(await revocation.revoke({ subject: 'ada' })).to.equal(3);
      expect(codes).to.deep.equal({ ada: ['session_not_found'], eve: [] });
      expect(log).to.have.deep.members([
        ['list', { subject: 'ada' }],
        ['forget', { subject: 'ada' }],
        ['end', 'a', 'revoked'],
        ['endRecord', 'b', 'revoked'],
        ['hear', 'b', 'revoked'],
        ['end', 'new', 'revoked'],
      ]);
    });
  });

  it('ends what is here although the store is down, and says that it is', async () => {
    for (const target of [{ sessionId: 'a' }, { subject: 'ada' }]) {
      const { revocation, log } = scene({ records: DOWN, served: [['a', ada]] });
      expect(await errorOf(revocation.revoke(target))).to.equal(DOWN);
      expect(log).to.deep.include(['end', 'a', 'revoked']);
      expect(log).to.deep.include(['forget', 'sessionId' in target ? ada : target]);
    }
  });

  it('says where the record of what has ended may still be there', async () => {
    const { revocation } = scene({
      records: [recordOf('a', ada), recordOf('b', ada)],
      served: [['a', ada]],
      leftBehind: ['a'],
    });
    expect(await errorOf(revocation.revoke({ subject: 'ada' }))).to.include({ code: 'unavailable' });
  });

  describe('of one who is found inactive', () => {
    it('ends the same person alone: sessions, streams and records', async () => {
      const { revocation, roster, log } = scene({
        records: [recordOf('b', ada), recordOf('t', acme), recordOf('u', ada)],
        served: [
          ['a', ada],
          ['s', acme],
        ],
        underWay: ['u'],
      });
      const codes: Record<string, string[]> = { ada: [], acme: [] };
      roster.exchanges.add(exchangeOf(ada, codes.ada));
      roster.exchanges.add(exchangeOf(acme, codes.acme));
      await revocation.endOwned(ada, 'inactive');
      expect(codes).to.deep.equal({ ada: ['invalid_credentials'], acme: [] });
      expect(log).to.deep.equal([
        ['end', 'a', 'inactive'],
        ['list', ada],
        ['endRecord', 'b', 'inactive'],
        ['hear', 'b', 'inactive'],
      ]);
    });

    it('asks no store of one node, and is no failure where the store is down', async () => {
      const own = scene({ isShared: false });
      await own.revocation.endOwned(ada, 'inactive');
      expect(own.log).to.deep.equal([]);
      const down = scene({ records: DOWN });
      await down.revocation.endOwned(ada, 'inactive');
      expect(down.log).to.deep.equal([['list', ada]]);
    });

    it('asks the store once at a time for one person, and again when that is over', async () => {
      const { revocation, log } = scene();
      await Promise.all([revocation.endOwned(ada, 'inactive'), revocation.endOwned(ada, 'inactive')]);
      expect(log).to.deep.equal([['list', ada]]);
      await Promise.resolve();
      await revocation.endOwned(ada, 'inactive');
      await revocation.endOwned(eve, 'inactive');
      expect(log).to.deep.equal([
        ['list', ada],
        ['list', ada],
        ['list', eve],
      ]);
    });
  });
});
