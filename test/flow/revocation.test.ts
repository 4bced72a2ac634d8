import { inspect } from 'node:util';

import { expect } from 'chai';

import type { PrincipalFilter, RevocationTarget } from '../../lib/index.js';
import { as, bearer, type Guarded, guarded } from '../support/guarded.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, type Session } from '../support/session.js';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
/** Tokens: subject, issuer, tenant. */
const PEOPLE = ['ann.wiki.t', 'ann.wiki.u', 'ann.idp.t', 'ben.wiki.t', 'ann', 'ann.wiki.t'] as const;

interface Scene extends AsyncDisposable {
  readonly app: Guarded;
  readonly sessions: readonly Session[];
  readonly verified: string[];
  /** The people whose sessions still answer. */
  alive(): Promise<string[]>;
}

async function scene(): Promise<Scene> {
  const verified: string[] = [];
  const app = await guarded({
    bearer: {
      verify: ({ token }) => {
        verified.push(token);
        const [subject = '', issuer, tenant] = token.split('.');
        return { subject, token, ...(issuer && { issuer }), ...(tenant && { tenant }) };
      },
    },
  });
  const sessions: Session[] = [];
  for (const person of PEOPLE) sessions.push(await begin(app.url, bearer(person)));
  return {
    app,
    sessions,
    verified,
    async alive() {
      const replies = await Promise.all(sessions.map((session) => session.send(ping)));
      return PEOPLE.filter((_, n) => replies[n]?.status === 200);
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

type Case = readonly [PrincipalFilter & { readonly subject: string }, readonly string[]];
const filters: readonly Case[] = [
  [{ subject: 'ann' }, ['ann.wiki.t', 'ann.wiki.u', 'ann.idp.t', 'ann', 'ann.wiki.t']],
  [{ subject: 'ann', issuer: 'wiki' }, ['ann.wiki.t', 'ann.wiki.u', 'ann.wiki.t']],
  [{ subject: 'ann', tenant: 't' }, ['ann.wiki.t', 'ann.idp.t', 'ann.wiki.t']],
  [{ subject: 'ann', issuer: 'wiki', tenant: 't' }, ['ann.wiki.t', 'ann.wiki.t']],
  [{ subject: 'ben' }, ['ben.wiki.t']],
  [{ subject: 'Ann' }, []],
  [{ subject: '*' }, []],
  [{ subject: '__proto__' }, []],
];

describe('sessions.list', () => {
  for (const [filter, matching] of filters) {
    it(`finds ${JSON.stringify(filter)}`, async () => {
      await using found = await scene();
      const records = await found.app.sessions.list(filter);
      const people = records.map(({ principal: { subject, issuer, tenant } }) =>
        [subject, issuer, tenant].filter(Boolean).join('.'),
      );
      expect(people.sort()).to.deep.equal([...matching].sort());
    });
  }

  it('finds all without a filter, and by issuer or tenant alone', async () => {
    await using found = await scene();
    expect(await found.app.sessions.list()).to.have.length(6);
    expect(await found.app.sessions.list({})).to.have.length(6);
    expect(await found.app.sessions.list({ tenant: 't' })).to.have.length(4);
    expect(await found.app.sessions.list({ issuer: 'idp' })).to.have.length(1);
  });

  it('shows no token', async () => {
    await using app = await guarded({ bearer: { verify: () => ({ subject: 'ann', token: 's3cret' }) } });
    await begin(app.url, bearer('presented-s3cret'));
    const records = await app.sessions.list();
    expect(records[0]?.principal.token).to.equal('s3cret');
    expect(inspect(records, { depth: 9, showHidden: true }) + JSON.stringify(records)).to.not.include(
      's3cret',
    );
  });
});

describe('sessions.revoke', () => {
  for (const [filter, matching] of filters) {
    it(`ends ${JSON.stringify(filter)}, and nobody else`, async () => {
      await using found = await scene();
      expect(await found.app.sessions.revoke(filter)).to.equal(matching.length);
      const left = PEOPLE.filter((person) => !matching.includes(person));
      expect(await found.alive()).to.deep.equal(left);
      expect(await found.app.sessions.revoke(filter)).to.equal(0);
    });
  }

  it('ends one session by its id', async () => {
    await using found = await scene();
    const [first, second] = found.sessions;
    const revoke = (sessionId: string) => found.app.sessions.revoke({ sessionId });
    expect(await revoke(first?.id ?? '')).to.equal(1);
    expect(await revoke(first?.id ?? '')).to.equal(0);
    for (const id of ['A'.repeat(43), 'constructor', '__proto__', `${second?.id} `]) {
      expect(await revoke(id)).to.equal(0);
    }
    expect(await found.alive()).to.deep.equal(PEOPLE.slice(1));
  });

  const targets: readonly (readonly [string, (found: Scene) => RevocationTarget])[] = [
    ['person', () => ({ subject: 'ann', issuer: 'wiki', tenant: 't' })],
    ['session', ({ sessions }) => ({ sessionId: sessions[0]?.id ?? '' })],
  ];
  for (const [what, targetOf] of targets) {
    it(`by ${what} forgets the proofs: the next request is verified anew`, async () => {
      await using found = await scene();
      found.verified.length = 0;
      await found.alive();
      expect(found.verified).to.deep.equal([]);
      await found.app.sessions.revoke(targetOf(found));
      await found.alive();
      expect(found.verified).to.deep.equal(['ann.wiki.t']);
    });
  }

  it('ends streams, and leaves the person free to come back', async () => {
    await using app = await guarded();
    const session = await begin(app.url, as('ann'));
    const stream = await session.listen();
    expect(await app.sessions.revoke({ subject: 'ann' })).to.equal(1);
    expect(await stream.ended).to.equal('end');
    expectRefusal(await session.send(ping), 'session_not_found');
    expect(await (await begin(app.url, as('ann'))).tool('echo', { text: 'back' })).to.equal('back');
  });

  it('does not come back before all is closed', async () => {
    const order: string[] = [];
    await using app = await guarded({
      basic: {
        endSession: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          order.push('undone');
        },
      },
    });
    await begin(app.url, as('ann'));
    await app.sessions.revoke({ subject: 'ann' });
    order.push('revoked');
    expect(order).to.deep.equal(['undone', 'revoked']);
  });
});

describe('sessions.close', () => {
  it('ends every session, shutdown, and may be called again', async () => {
    const ends: string[] = [];
    await using app = await guarded({
      basic: { endSession: ({ subject }, { reason }) => void ends.push(`${subject} ${reason}`) },
    });
    const sessions = [await begin(app.url, as('ann')), await begin(app.url, as('ben'))];
    const streams = await Promise.all(sessions.map((session) => session.listen()));
    await Promise.all([app.sessions.close(), app.sessions.close()]);
    expect(await Promise.all(streams.map(({ ended }) => ended))).to.deep.equal(['end', 'end']);
    expect(ends.sort()).to.deep.equal(['ann shutdown', 'ben shutdown']);
    expect(await app.sessions.list()).to.deep.equal([]);
    for (const session of sessions) expectRefusal(await session.send(ping), 'session_not_found');
  });
});
