import { expect } from 'chai';

import type { Principal } from '../../lib/index.js';
import { basic, call } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { until } from '../support/gate.js';
import { as, bearer, guarded } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { buildServer, type Seen } from '../support/mcp.js';
import { BASIC, expectRefusal, INVALID_TOKEN } from '../support/refusal.js';
import { begin, resume, type Session } from '../support/session.js';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const seenBy = async (session: Session, headers?: { readonly authorization: string }): Promise<Seen> =>
  JSON.parse(await session.tool('whoami', {}, headers)) as Seen;
/** Tokens such as `ann.read+write`: a person and scopes. */
const scoped = ({ token }: { readonly token: string }): Principal => {
  const [subject = '', scopes = ''] = token.split('.');
  return { subject, scopes: scopes.split('+') };
};

describe("this request's principal", () => {
  it('W12 a refreshed Bearer token reaches the tool, in the same session', async () => {
    await using app = await guarded({
      bearer: { verify: ({ token }) => ({ subject: 'ann', claims: { jti: token } }) },
    });
    const session = await begin(app.url, bearer('t1'));
    for (const token of ['t1', 't2', 't3', 't1']) {
      expect(await seenBy(session, bearer(token))).to.include({ token, subject: 'ann', created: 'ann' });
    }
    expect(await app.sessions.list()).to.have.length(1);
  });

  it('keeps the token that startSession issued for a Basic login', async () => {
    let issued = 0;
    await using app = await guarded({
      basic: {
        startSession: (person) => {
          issued += 1;
          return { ...person, token: `issued ${issued}` };
        },
      },
    });
    const sessions = [await begin(app.url, as('ann')), await begin(app.url, as('ann'))];
    for (let i = 0; i < 3; i += 1) {
      for (const [n, session] of sessions.entries()) {
        expect(await seenBy(session)).to.include({
          token: `issued ${n + 1}`,
          subject: 'ann',
          current: 'ann',
        });
      }
    }
    expect(issued).to.equal(2);
  });

  it('keeps what startSession added where the request brings nothing newer, and only there', async () => {
    await using app = await guarded({
      bearer: {
        verify: ({ token }) => ({ subject: 'ann', ...(token.startsWith('own') && { token }) }),
        startSession: (person) => ({ ...person, token: 'exchanged' }),
      },
    });
    const plain = await begin(app.url, bearer('t1'));
    expect((await seenBy(plain)).token).to.equal('exchanged');
    expect((await seenBy(plain, bearer('t2'))).token).to.equal('exchanged');
    const own = await begin(app.url, bearer('own1'));
    expect((await seenBy(own)).token).to.equal('exchanged');
    expect((await seenBy(own, bearer('own2'))).token).to.equal('own2');
  });

  it('runs a session with wider scopes, and ends it with fewer: 404, and the tool does not run', async () => {
    using heard = hearOf('reduced');
    let ran = 0;
    const ends: string[] = [];
    await using app = await guarded({
      bearer: { verify: scoped, endSession: (_person, { reason }) => void ends.push(reason) },
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          ran += 1;
        }),
    });
    const session = await begin(app.url, bearer('reduced.read+write'));
    for (const token of ['reduced.read+write', 'reduced.write+read+admin'])
      await seenBy(session, bearer(token));
    expect(ran).to.equal(2);
    const stream = await session.listen();
    const reduced = resume(app.url, bearer('reduced.read+reader'), session.id);
    expectRefusal(await reduced.send(ping), 'session_not_found');
    expect(await stream.ended).to.equal('end');
    expectRefusal(await session.send(ping), 'session_not_found');
    expect([ran, ends]).to.deep.equal([2, ['revoked']]);
    const refused = heard.events.filter(({ type }) => type === 'session.refused');
    expect(refused[0]).to.include({ reason: 'reduced_scopes' });
  });

  it('is bound by issuer, tenant and subject, whatever the scheme', async () => {
    await using app = await guarded({
      basic: { verify: ({ username }) => ({ subject: username, issuer: 'wiki', tenant: 't' }) },
      bearer: {
        verify: ({ token }) => {
          const [subject = '', issuer, tenant] = token.split('.');
          return { subject, ...(issuer && { issuer }), ...(tenant && { tenant }) };
        },
      },
    });
    const session = await begin(app.url, as('ann'));
    expect(await seenBy(session, bearer('ann.wiki.t'))).to.include({ subject: 'ann' });
    for (const stranger of ['ann', 'ann.wiki', 'ann.other.t', 'ann.wiki.u', 'Ann.wiki.t', 'wiki.ann.t']) {
      expectRefusal(await session.send(ping, bearer(stranger)), 'session_not_found');
    }
    expect(await seenBy(session)).to.include({ subject: 'ann' });
  });

  it('is checked on every request: a wrong or missing credential is 401, and the session goes on', async () => {
    await using app = await guarded();
    const session = await begin(app.url, as('ann'));
    for (const method of ['POST', 'GET', 'DELETE']) {
      const wrong = { ...session.headers, authorization: basic('ann', 'wrong') };
      const reply = await call(app.url, { method, headers: wrong });
      expectRefusal(reply, 'invalid_credentials', { challenges: [BASIC] });
      const { authorization: _none, ...missing } = session.headers as Record<string, string>;
      expect((await call(app.url, { method, headers: missing })).code).to.equal('missing_credentials');
    }
    expect(await seenBy(session)).to.include({ subject: 'ann' });
  });

  it('found inactive is 401, and ends every session of that identity: inactive', async () => {
    let inactive = '';
    const ends: string[] = [];
    await using app = await guarded({
      bearer: {
        verify: ({ token }) => ({ subject: 'ann', tenant: token }),
        isActive: ({ tenant }) => tenant !== inactive,
        endSession: ({ tenant }, { reason }) => void ends.push(`${tenant} ${reason}`),
      },
    });
    const mine = [await begin(app.url, bearer('a')), await begin(app.url, bearer('a'))];
    const namesake = await begin(app.url, bearer('b'));
    inactive = 'a';
    const challenges = [INVALID_TOKEN, BASIC];
    expectRefusal((await mine[0]?.send(ping)) as never, 'invalid_credentials', { challenges });
    await until('both are over', () => ends.length === 2);
    expect(ends).to.deep.equal(['a inactive', 'a inactive']);
    inactive = '';
    for (const session of mine) expectRefusal(await session.send(ping), 'session_not_found');
    expect(await seenBy(namesake)).to.include({ subject: 'ann' });
  });

  it('whose time passes is 401; a fresh one goes on in the same session', async () => {
    using clock = stopClock();
    const expiresAt = Date.now() / 1000 + 60;
    await using app = await guarded({
      bearer: {
        verify: ({ token }) => ({ subject: 'ann', expiresAt: token === 'old' ? expiresAt : expiresAt + 600 }),
      },
    });
    const session = await begin(app.url, bearer('old'));
    clock.advance(59_999);
    expect(await seenBy(session)).to.include({ token: 'old' });
    clock.advance(1);
    expectRefusal(await session.send(ping), 'invalid_credentials', { challenges: [INVALID_TOKEN, BASIC] });
    expect(await seenBy(session, bearer('new'))).to.include({ token: 'new' });
  });

  it('ends with the token that startSession issued: 404, and a new session has a fresh one', async () => {
    using clock = stopClock();
    let issued = 0;
    const ends: string[] = [];
    await using app = await guarded({
      basic: {
        startSession: (person) => {
          issued += 1;
          return { ...person, token: `issued ${issued}`, expiresAt: Date.now() / 1000 + 60 };
        },
        endSession: ({ token }, { reason }) => void ends.push(`${token} ${reason}`),
      },
    });
    const session = await begin(app.url, as('ann'));
    clock.advance(59_999);
    expect((await seenBy(session)).token).to.equal('issued 1');
    clock.advance(1);
    expectRefusal(await session.send(ping), 'session_not_found');
    await until('it is over', () => ends.length === 1);
    expect(ends).to.deep.equal(['issued 1 expired']);
    expect((await seenBy(await begin(app.url, as('ann')))).token).to.equal('issued 2');
  });
});
