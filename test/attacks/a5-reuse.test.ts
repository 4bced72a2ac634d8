import { expect } from 'chai';

import {
  type BearerCredentials,
  type CredentialVerifier,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpSessionBinding,
  type Principal,
  type SessionBinding,
  type SessionEndReason,
} from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { type Gate, gate, until } from '../support/gate.js';
import { buildServer } from '../support/mcp.js';
import { type Served, serve } from '../support/serve.js';
import { bearer, person, right, tokens } from './support/people.js';
import { begin, end, hear, use } from './support/sessions.js';

interface Place extends Served {
  readonly sessions: SessionBinding;
  readonly ended: SessionEndReason[];
  runs: number;
}

/** A place where `verifier` says who comes; `known` may change while the place is open. */
async function openPlace(verifier: CredentialVerifier<BearerCredentials>): Promise<Place> {
  const ended: SessionEndReason[] = [];
  const sessions = mcpSessionBinding();
  const served = await serve(
    mcpBasicAuth({ verifier: ({ username }) => person(username) }),
    mcpBearerAuth({
      verifier: {
        endSession: async (_principal, { reason }) => void ended.push(reason),
        ...verifier,
      },
    }),
    sessions,
    mcpHandler({
      createServer: ({ principal }) =>
        buildServer(principal, () => {
          place.runs += 1;
        }),
    }),
  );
  const place: Place = { ...served, sessions, ended, runs: 0 };
  return place;
}

const alice = bearer('alice');

async function expectGone(place: Place, authorization: string, session: string, code: string): Promise<void> {
  const runs = place.runs;
  expect((await use(place.url, authorization, session)).code, 'POST').to.equal(code);
  expect((await end(place.url, authorization, session)).code, 'DELETE').to.equal(code);
  expect((await hear(place.url, authorization, session)).response.statusCode, 'GET').to.equal(
    code.startsWith('invalid') ? 401 : 404,
  );
  expect(place.runs).to.equal(runs);
}

it('A5: after DELETE', async () => {
  await using place = await openPlace(tokens({ alice: person('alice') }));
  const session = await begin(place.url, alice);
  expect((await end(place.url, alice, session)).status).to.equal(200);
  await expectGone(place, alice, session, 'session_not_found');
  await expectGone(place, right('alice'), session, 'session_not_found');
  expect(place.ended).to.deep.equal(['deleted']);
});

it('A5: after two DELETEs at once, of which one ends the session', async () => {
  await using place = await openPlace(tokens({ alice: person('alice') }));
  const session = await begin(place.url, alice);
  const replies = await Promise.all(Array.from({ length: 20 }, () => end(place.url, alice, session)));
  const statuses = replies.map(({ status }) => status);
  expect(statuses.filter((status) => status !== 200 && status !== 404)).to.deep.equal([]);
  expect(statuses).to.include(200);
  await expectGone(place, alice, session, 'session_not_found');
  expect(place.ended).to.deep.equal(['deleted']);
});

it('A5: after logout, which is asked to verify the credential again', async () => {
  const verifier = tokens({ alice: person('alice') });
  await using place = await openPlace(verifier);
  const session = await begin(place.url, alice);
  expect(verifier.asked).to.have.length(1);
  expect(await place.sessions.revoke({ subject: 'alice' })).to.equal(1);
  await expectGone(place, alice, session, 'session_not_found');
  expect(verifier.asked, 'the remembered proof was forgotten').to.have.length(2);
  expect(place.ended).to.deep.equal(['revoked']);
});

it('A5: a login that was under way during the logout is verified again', async () => {
  const verdicts: Gate<Principal | null>[] = [];
  await using place = await openPlace({
    verify: () => {
      const verdict = gate<Principal | null>();
      verdicts.push(verdict);
      return verdict.opened;
    },
  });
  // Only guards that have been met can be made to forget.
  await begin(place.url, right('bob'));
  const login = call(place.url, { headers: { authorization: alice }, body: initialize() });
  await until('it is being verified', () => verdicts.length === 1);
  await place.sessions.revoke({ subject: 'alice' });
  verdicts[0]?.open(person('alice'));
  await until('it is being verified again', () => verdicts.length === 2);
  verdicts[1]?.open(null);
  expect((await login).code).to.equal('invalid_credentials');
  expect(await place.sessions.list({ subject: 'alice' })).to.deep.equal([]);
});

it('A5: by a disabled user, whose credential is dead from then on, however it is presented', async () => {
  let isEnabled = true;
  const verifier = tokens({ alice: person('alice') }, { isActive: () => isEnabled });
  await using place = await openPlace(verifier);
  const session = await begin(place.url, alice);
  isEnabled = false;
  await expectGone(place, alice, session, 'invalid_credentials');
  await until('the session has ended', () => place.ended.length > 0);
  expect(place.ended).to.deep.equal(['inactive']);
  isEnabled = true;
  await expectGone(place, alice, session, 'session_not_found');
});

it('A5: by the same person demoted ends the session for good', async () => {
  const people: Record<string, Principal> = {
    admin: person('alice', { scopes: ['read', 'write'] }),
    reader: person('alice', { scopes: ['read'] }),
    nothing: person('alice'),
  };
  for (const demoted of ['reader', 'nothing']) {
    await using place = await openPlace(tokens(people));
    const session = await begin(place.url, bearer('admin'));
    await expectGone(place, bearer(demoted), session, 'session_not_found');
    await expectGone(place, bearer('admin'), session, 'session_not_found');
    expect(place.ended).to.deep.equal(['revoked']);
  }
});

it('A5: by the same person promoted goes on', async () => {
  await using place = await openPlace(
    tokens({
      reader: person('alice', { scopes: ['read'] }),
      admin: person('alice', { scopes: ['write', 'read'] }),
    }),
  );
  const session = await begin(place.url, bearer('reader'));
  expect((await use(place.url, bearer('admin'), session)).status).to.equal(200);
});

it('A5: with an expired token, and not with the refreshed one', async () => {
  using clock = stopClock();
  const people = tokens({
    old: person('alice', { expiresAt: Date.now() / 1000 + 60 }),
    fresh: person('alice', { expiresAt: Date.now() / 1000 + 3600 }),
  });
  await using place = await openPlace(people);
  const session = await begin(place.url, bearer('old'));
  clock.advance(60_000);
  await expectGone(place, bearer('old'), session, 'invalid_credentials');
  expect((await use(place.url, bearer('fresh'), session)).status, 'same person, fresh token').to.equal(200);
});

it('A5: after the token that the login issued has expired', async () => {
  using clock = stopClock();
  const verifier = tokens(
    { alice: person('alice') },
    { startSession: (principal) => ({ ...principal, token: 'issued', expiresAt: Date.now() / 1000 + 60 }) },
  );
  await using place = await openPlace(verifier);
  const session = await begin(place.url, alice);
  clock.advance(59_000);
  expect((await use(place.url, alice, session)).status).to.equal(200);
  clock.advance(1_000);
  await expectGone(place, alice, session, 'session_not_found');
  expect(place.ended).to.deep.equal(['expired']);
});
