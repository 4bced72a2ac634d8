import { expect } from 'chai';

import { principalKey } from '../../lib/principal.js';
import { Namespace } from '../../lib/redis/session-namespace.js';
import { openRecord, openRecords, storedFields } from '../../lib/redis/session-record.js';

const space = new Namespace('a secret of at least thirty-two bytes, as text');
const PRINCIPAL = { subject: 'ada', issuer: 'https://issuer.example' };
const RECORD = {
  ...{ id: 'session', principal: PRINCIPAL, initialize: { a: 1 } },
  ...{ createdAt: 1, lastSeenAt: 2, expiresAt: 3.5 },
};

/** What a script answers of a record. */
const told = (busyUntil = ''): unknown[] => [
  ...[space.name, 'hash', space.seal('id', 'hash', 'session'), space.seal('principal', 'hash', PRINCIPAL)],
  ...[space.seal('initialize', 'hash', { a: 1 }), '1', '2', '3.5', busyUntil],
];

describe('a session in Redis', () => {
  it('is kept with what is secret sealed, its owner as hashes, and times in clear', () => {
    const { id, principal, initialize, ...clear } = storedFields(space, 'hash', { ...RECORD, busyUntil: 4 });
    expect(clear).to.deep.equal({
      ...{ createdAt: '1', lastSeenAt: '2', expiresAt: '3.5', busyUntil: '4' },
      owner: space.hash('owner', principalKey(PRINCIPAL)),
      subject: space.hash('subject', 'ada'),
    });
    expect(space.open('id', 'hash', String(id))).to.equal('session');
    expect(space.open('principal', 'hash', String(principal))).to.deep.equal(PRINCIPAL);
    expect(space.open('initialize', 'hash', String(initialize))).to.deep.equal({ a: 1 });
  });

  it('is changed in what is given, and nothing else', () => {
    expect(storedFields(space, 'hash', {})).to.deep.equal({});
    expect(storedFields(space, 'hash', { lastSeenAt: 5 })).to.deep.equal({ lastSeenAt: '5' });
    expect(storedFields(space, 'hash', { busyUntil: 0 })).to.deep.equal({ busyUntil: '0' });
    expect(Object.keys(storedFields(space, 'hash', { principal: PRINCIPAL }))).to.have.members([
      ...['principal', 'owner', 'subject'],
    ]);
  });

  it('has times that are numbers', () => {
    for (const name of ['createdAt', 'lastSeenAt', 'expiresAt', 'busyUntil']) {
      for (const time of [Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
        expect(() => storedFields(space, 'hash', { [name]: time } as never)).to.throw(
          TypeError,
          `a session's ${name} must be a finite number`,
        );
      }
    }
  });

  it('opens as it was sealed', () => {
    expect(openRecord([space], told())).to.deep.equal(RECORD);
    expect(openRecord([space], told('4'))).to.deep.equal({ ...RECORD, busyUntil: 4 });
    const plain = told();
    plain[4] = space.seal('initialize', 'hash', undefined);
    expect(openRecord([space], plain)).to.deep.equal({ ...RECORD, initialize: null });
  });

  it('opens under the secret that it was kept with', () => {
    const other = new Namespace('another secret of at least 32 bytes, as text');
    expect(openRecord([other, space], told())).to.deep.equal(RECORD);
    expect(openRecord([other], told())).to.equal(undefined);
  });

  it('counts as absent where anything of it is something else', () => {
    for (const reply of [undefined, null, 7, 'a text', {}]) {
      expect(openRecord([space], reply)).to.equal(undefined);
    }
    expect(openRecord([], told())).to.equal(undefined);
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7]) {
      for (const other of [undefined, null, 7, 'x', '']) {
        const record = told();
        record[index] = other;
        expect(openRecord([space], record), `${index}: ${other}`).to.equal(undefined);
      }
    }
    for (const [index, field, value] of [
      [2, 'id', 7],
      [3, 'principal', { subject: 7 }],
    ] as const) {
      const record = told();
      record[index] = space.seal(field, 'hash', value);
      expect(openRecord([space], record), field).to.equal(undefined);
    }
  });

  it('is not busy where that is no time', () => {
    for (const other of [null, 7, 'x', 'Infinity', '']) {
      const record = told();
      record[8] = other;
      expect(openRecord([space], record)).to.deep.equal(RECORD);
    }
  });

  it('is none where a script answers something else than records', () => {
    expect(openRecords([space], null)).to.deep.equal([]);
    expect(openRecords([space], 'text')).to.deep.equal([]);
    expect(openRecords([space], [told(), 'x'])).to.deep.equal([RECORD]);
  });
});
