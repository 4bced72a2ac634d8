import { inspect } from 'node:util';

import { expect } from 'chai';
import fc from 'fast-check';

import {
  enrich,
  hasExpired,
  isPrincipal,
  matchesFilter,
  mergePrincipal,
  plainPrincipal,
  principalKey,
  sealPrincipal,
} from '../lib/principal.js';
import type { Principal } from '../lib/types.js';

const everything: Principal = {
  subject: 'ada',
  issuer: 'issuer',
  tenant: 'tenant',
  clientId: 'client',
  scopes: ['read', 'write'],
  expiresAt: 4_000_000_000,
  token: 's3cret',
  claims: { role: 'admin' },
};

describe('isPrincipal', () => {
  const good: readonly unknown[] = [
    { subject: 'ada' },
    everything,
    { ...everything, more: 5 },
    { subject: 'ada', issuer: undefined, scopes: undefined, expiresAt: undefined, claims: undefined },
    { subject: 'ada', issuer: '', scopes: [], claims: {}, expiresAt: -1 },
    Object.assign(Object.create(null), { subject: 'ada' }),
    new (class User {
      subject = 'ada';
    })(),
  ];
  const bad: readonly unknown[] = [
    ...[null, undefined, true, 'ada', 5, [], {}, () => {}, Promise.resolve({ subject: 'ada' })],
    ...['', 5, null, true, ['ada'], {}].map((subject) => ({ subject })),
    ...['issuer', 'tenant', 'clientId', 'token'].flatMap((name) =>
      [null, 5, ['x'], {}].map((value) => ({ subject: 'ada', [name]: value })),
    ),
    ...['read', [5], [null], ['read', undefined], {}, null].map((scopes) => ({ subject: 'ada', scopes })),
    ...['5', null, Number.NaN, Number.POSITIVE_INFINITY, new Date(), 5n].map((expiresAt) => ({
      subject: 'ada',
      expiresAt,
    })),
    ...['x', null, [], 5].map((claims) => ({ subject: 'ada', claims })),
  ];
  it('takes principals, with every field or with one', () => {
    for (const value of good) expect(isPrincipal(value), inspect(value)).to.equal(true);
  });
  it('D2 takes nothing else', () => {
    for (const value of bad) expect(isPrincipal(value), inspect(value)).to.equal(false);
  });
});

describe('sealPrincipal', () => {
  const sealed = sealPrincipal(everything);

  it('can be read in every field', () => {
    expect(plainPrincipal(sealed)).to.deep.equal(everything);
    expect(sealed.token).to.equal('s3cret');
  });

  const views: Readonly<Record<string, (value: unknown) => string>> = {
    'util.inspect': (value) => inspect(value),
    'util.inspect with showHidden': (value) => inspect(value, { showHidden: true, depth: null }),
    'util.inspect with customInspect: false': (value) =>
      inspect(value, { customInspect: false, showHidden: true, depth: null }),
    'JSON.stringify': (value) => JSON.stringify(value),
    'its own properties': (value) =>
      JSON.stringify(Object.getOwnPropertyDescriptors(value), (_, part) =>
        typeof part === 'function' ? String(part) : part,
      ),
    'a spread of it': (value) => JSON.stringify({ ...(value as object) }),
    'a structured clone of it': (value) => JSON.stringify(structuredClone(value)),
    'a string of it': (value) => `${value}`,
  };
  for (const [name, view] of Object.entries(views)) {
    it(`F1 shows no token in ${name}`, () => {
      expect(view(sealed)).to.not.include('s3cret');
      if (name !== 'a string of it') expect(view({ outer: sealed }.outer)).to.include('ada');
    });
  }

  it('is frozen, in its lists too, and free of what was handed in', () => {
    const scopes = ['read'];
    const claims = { role: 'user' };
    const principal = sealPrincipal({ subject: 'ada', scopes, claims });
    scopes.push('admin');
    claims.role = 'admin';
    expect(principal.scopes).to.deep.equal(['read']);
    expect(principal.claims).to.deep.equal({ role: 'user' });
    expect(() => Object.assign(principal, { subject: 'eve' })).to.throw(TypeError);
    expect(() => (principal.scopes as string[]).push('admin')).to.throw(TypeError);
    expect(() => Object.assign(principal.claims as object, { role: 'admin' })).to.throw(TypeError);
  });

  it('drops what is no field of a principal', () => {
    const principal = sealPrincipal({ ...everything, password: 'hunter2' } as Principal);
    expect('password' in principal).to.equal(false);
  });

  it('has no field that was not given', () => {
    expect(Object.keys(sealPrincipal({ subject: 'ada' }))).to.deep.equal(['subject']);
    expect(sealPrincipal({ subject: 'ada' }).token).to.equal(undefined);
  });

  it('leaves alone what is sealed already', () => {
    expect(sealPrincipal(sealed)).to.equal(sealed);
  });
});

describe('principalKey', () => {
  const part = fc.option(fc.string({ unit: 'binary', maxLength: 4 }), { nil: undefined });
  const identity = fc.record({ subject: fc.string({ unit: 'binary' }), issuer: part, tenant: part });

  it('W11 is the identity, and nothing of the credential', () => {
    const { subject, issuer = '', tenant = '' } = everything;
    expect(principalKey(everything)).to.equal(principalKey({ subject, issuer, tenant }));
  });

  it('A6 is another for every other identity', () => {
    const tricky: Principal[] = [
      { subject: 'a:b' },
      { subject: 'b', issuer: 'a' },
      { subject: 'b', tenant: 'a' },
      { subject: 'b', issuer: 'a', tenant: '' },
      { subject: 'b', issuer: '', tenant: 'a' },
      { subject: 'b', issuer: '' },
      { subject: 'b' },
      { subject: 'b', issuer: 'null', tenant: 'null' },
      { subject: '*' },
      { subject: '{x}' },
      { subject: 'a\nb' },
      { subject: '__proto__' },
      { subject: '"]' },
      { subject: 'c","d' },
    ];
    expect(new Set(tricky.map(principalKey)).size).to.equal(tricky.length);
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        const isSame = a.subject === b.subject && a.issuer === b.issuer && a.tenant === b.tenant;
        return (principalKey(a as Principal) === principalKey(b as Principal)) === isSame;
      }),
    );
  });
});

describe('matchesFilter', () => {
  const principal: Principal = { subject: 'ada', issuer: 'i' };
  const cases = [
    [{}, true],
    [{ subject: 'ada' }, true],
    [{ issuer: 'i' }, true],
    [{ subject: 'ada', issuer: 'i' }, true],
    [{ subject: 'eve' }, false],
    [{ subject: 'ada', issuer: 'j' }, false],
    [{ tenant: 't' }, false],
    [{ tenant: '' }, false],
    [{ subject: 'ad' }, false],
  ] as const;
  for (const [filter, matches] of cases) {
    it(`${JSON.stringify(filter)}: ${matches}`, () => {
      expect(matchesFilter(principal, filter)).to.equal(matches);
    });
  }

  it('tells tenants apart', () => {
    const tenant: Principal = { subject: 'ada', tenant: 't' };
    expect(matchesFilter(tenant, { tenant: 't' })).to.equal(true);
    expect(matchesFilter(tenant, { subject: 'ada' })).to.equal(true);
    expect(matchesFilter(tenant, { tenant: 'u' })).to.equal(false);
    expect(matchesFilter(tenant, { subject: 'eve', tenant: 't' })).to.equal(false);
  });
});

describe('hasExpired', () => {
  it('at its second, in milliseconds', () => {
    expect(hasExpired({ subject: 'ada', expiresAt: 100 }, 99_999)).to.equal(false);
    expect(hasExpired({ subject: 'ada', expiresAt: 100 }, 100_000)).to.equal(true);
    expect(hasExpired({ subject: 'ada', expiresAt: 0 }, 1)).to.equal(true);
    expect(hasExpired({ subject: 'ada' }, Number.MAX_SAFE_INTEGER)).to.equal(false);
  });
});

describe('enrich', () => {
  it('adds what the login made, and keeps what it left out', () => {
    const enriched = enrich(everything, { subject: 'ada', token: 'issued', expiresAt: 5 });
    expect(plainPrincipal(enriched)).to.deep.equal({ ...everything, token: 'issued', expiresAt: 5 });
  });

  it('keeps the token of a principal that was spread', () => {
    const spread = { ...sealPrincipal(everything), claims: { a: 1 } };
    expect(enrich(everything, spread)).to.include({ token: 's3cret' });
  });

  it('hides the token again', () => {
    expect(inspect(enrich({ subject: 'ada' }, { subject: 'ada', token: 's3cret' }))).to.not.include('s3cret');
  });
});

describe('mergePrincipal', () => {
  const person = (fields: Omit<Principal, 'subject'> = {}): Principal => ({ subject: 'ada', ...fields });
  const merged = (request: Principal, presented: Principal, enriched: Principal): Principal =>
    plainPrincipal(mergePrincipal(request, presented, enriched));

  const issued = { token: 'issued', expiresAt: 200, claims: { role: 'admin' } } as const;

  it("is this request's where the login added nothing", () => {
    const presented = person({ token: 'one' });
    const request = person({ token: 'two' });
    expect(mergePrincipal(request, presented, presented)).to.equal(request);
  });

  it('takes for something newer what no store could have given back', () => {
    const request = person({ claims: { n: 1n } });
    const presented = person({ claims: { n: 2n } });
    expect(merged(request, presented, person({ claims: { added: true } }))).to.deep.equal(request);
  });

  it('takes for the same what a store gave back as data', () => {
    const [request, presented] = [
      person({ claims: { at: new Date(0), left: undefined } }),
      person({ claims: { at: '1970-01-01T00:00:00.000Z' } }),
    ];
    const enriched = person({ claims: { added: true } });
    expect(merged(request, presented, enriched)).to.deep.equal(enriched);
    const newer = person({ claims: { at: new Date(1) } });
    expect(merged(newer, presented, enriched)).to.deep.equal(newer);
  });

  it('S1 has the issued token where a password brings none', () => {
    expect(merged(person(), person(), person(issued))).to.deep.equal(person(issued));
  });

  it('W12 has the refreshed token, not the issued or the old one', () => {
    const [old, fresh] = [person({ token: 'old', expiresAt: 100 }), person({ token: 'new', expiresAt: 300 })];
    expect(merged(fresh, old, person(issued))).to.deep.equal(
      person({ token: 'new', expiresAt: 300, claims: issued.claims }),
    );
  });

  it('has the issued token where the request brings what it brought when the session began', () => {
    const presented = person({ token: 'old', expiresAt: 100 });
    expect(merged(presented, presented, person(issued))).to.deep.equal(person(issued));
  });

  it("keeps this request's field where the login did not touch it", () => {
    const presented = person({ token: 'old', scopes: ['read', 'write'] });
    const enriched = person({ token: 'old', scopes: ['read', 'write'], claims: { a: 1 } });
    const request = person({ scopes: ['read', 'write'] });
    expect(merged(request, presented, enriched)).to.deep.equal(
      person({ scopes: ['read', 'write'], claims: { a: 1 } }),
    );
  });

  it('takes no other identity from anywhere', () => {
    const enriched = { ...person(issued), subject: 'eve', issuer: 'x', tenant: 'y' };
    expect(merged(person(), person(), enriched)).to.include({ subject: 'ada' });
    expect(merged(person(), person(), enriched)).to.not.have.any.keys('issuer', 'tenant');
  });

  const fields: Readonly<Record<string, readonly [before: unknown, added: unknown, newer: unknown]>> = {
    clientId: ['a', 'b', 'c'],
    scopes: [['a'], ['b'], ['c']],
    expiresAt: [1, 2, 3],
    token: ['a', 'b', 'c'],
    claims: [{ a: 1 }, { b: 1 }, { c: 1 }],
  };
  for (const [field, [before, added, newer]] of Object.entries(fields)) {
    const one = (value: unknown): Principal =>
      value === undefined ? person() : person({ [field]: structuredClone(value) });
    const matrix = [
      // the request brings, the session began with, the login made: what tools see
      [undefined, undefined, undefined, undefined],
      [undefined, undefined, added, added],
      [before, before, before, before],
      [before, before, added, added],
      [before, before, undefined, before],
      [newer, before, added, newer],
      [newer, undefined, added, newer],
      [undefined, before, added, added],
      [newer, before, before, newer],
      [undefined, before, before, undefined],
    ] as const;
    it(`${field}: what the login added stands until the request brings something newer`, () => {
      for (const [brought, began, made, seen] of matrix) {
        const row = JSON.stringify([brought, began, made]);
        expect(merged(one(brought), one(began), one(made))[field as 'token'], row).to.deep.equal(seen);
      }
    });
  }

  it('compares what JSON cannot say, in any order of keys', () => {
    const claims = { id: 10n, roles: ['a'] };
    const presented = person({ claims });
    const enriched = person({ claims: { ...claims, more: 1 } });
    const request = person({ claims: { roles: ['a'], id: 10n } });
    expect(merged(request, presented, enriched).claims).to.deep.equal({ ...claims, more: 1 });
  });

  it('hides the token again', () => {
    expect(inspect(mergePrincipal(person(), person(), person({ token: 's3cret' })))).to.not.include('s3cret');
  });
});
