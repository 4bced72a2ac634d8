import { expect } from 'chai';

import {
  type BearerCredentials,
  mcpBasicAuth,
  mcpBearerAuth,
  mcpHandler,
  mcpSessionBinding,
  type Principal,
} from '../../lib/index.js';
import { call, toolCall } from '../support/call.js';
import { stopClock } from '../support/clock.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { serve } from '../support/serve.js';
import { as, begin, type Headers, seenIn, stand, whoami } from './support/stand.js';
import { watchedStore } from './support/watched-store.js';
import { MCP_LINES, rawRequest, sendRaw } from './support/wire.js';

const METHODS = ['POST', 'GET', 'DELETE'] as const;
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

describe('W8: a session id is only ever a key of ours', () => {
  const NAMES = [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
    'undefined',
    'null',
    '0',
    '*',
    '../../etc/passwd',
    '{x}',
    "';drop",
    '%00',
    '_'.repeat(42),
    '_'.repeat(44),
    `${'_'.repeat(42)}.`,
    '_'.repeat(8000),
  ];

  it('answers 404 to names of the language and to nonsense, and looks nothing up', async () => {
    const store = watchedStore();
    await using target = await stand({ binding: { store } });
    const session = await begin(target, as('ada'));
    const looked = store.count.get;
    for (const id of NAMES) {
      for (const method of METHODS) {
        const reply = await call(target.url, {
          method,
          headers: { ...as('ada'), 'mcp-session-id': id },
          ...(method === 'POST' && { body: toolCall('whoami') }),
        });
        expectRefusal(reply, 'session_not_found');
      }
    }
    expect(store.count.get).to.equal(looked);
    expect(target.ran).to.deep.equal([]);
    expect((await whoami(target, as('ada'), session)).status).to.equal(200);
  });
});

describe('W9: clients recover from a session that is gone', () => {
  it('answers 404, and takes initialize with whatever id is left over', async () => {
    await using target = await stand({ binding: { maxSessionsPerPrincipal: 100 } });
    const stale = await begin(target, as('ada'));
    const foreign = await begin(target, as('bob'));
    await call(target.url, { method: 'DELETE', headers: { ...as('ada'), 'mcp-session-id': stale } });
    const known = new Set([stale, foreign]);
    for (const id of [stale, foreign, 'constructor', '_'.repeat(43), 'a-uuid-of-another-server']) {
      expectRefusal(await whoami(target, as('ada'), id), 'session_not_found');
      const fresh = await begin(target, { ...as('ada'), 'mcp-session-id': id });
      expect(fresh).to.match(/^[\w-]{43}$/);
      expect(known.has(fresh)).to.equal(false);
      known.add(fresh);
      expect(seenIn((await whoami(target, as('ada'), fresh)).text).current).to.equal('person ada');
    }
    // The session whose id was borrowed is untouched.
    expect(seenIn((await whoami(target, as('bob'), foreign)).text).current).to.equal('person bob');
  });

  it('lets a client start anew on its own live session’s id too, which goes on', async () => {
    await using target = await stand();
    const first = await begin(target, as('ada'));
    const second = await begin(target, { ...as('ada'), 'mcp-session-id': first });
    expect(second).to.not.equal(first);
    for (const id of [first, second]) expect((await whoami(target, as('ada'), id)).status).to.equal(200);
  });
});

describe('W10: somebody else’s session cannot be told from none', () => {
  const BODIES = [
    JSON.stringify(toolCall('whoami')),
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}',
    '{not json',
    '',
  ];

  it('answers the same bytes to a foreign id as to one that never was', async () => {
    await using target = await stand();
    const foreign = await begin(target, as('ada'));
    const never = foreign.split('').reverse().join('');
    for (const method of METHODS) {
      for (const body of method === 'POST' ? BODIES : ['']) {
        const answers: string[] = [];
        for (const id of [never, foreign]) {
          const lines = [...MCP_LINES, `Authorization: ${as('bob').authorization}`, `Mcp-Session-Id: ${id}`];
          const [reply] = await sendRaw(target.port, rawRequest(method, lines, body));
          answers.push(`${reply?.head.replace(/^Date: .*$/m, '')}\n${reply?.body}`);
        }
        expect(answers[1], `${method} ${body}`).to.equal(answers[0]);
        expect(answers[0])
          .to.match(/^HTTP\/1\.1 404 /)
          .and.to.include('session_not_found');
      }
    }
    expect(target.ran).to.deep.equal([]);
    expect(seenIn((await whoami(target, as('ada'), foreign)).text).current).to.equal('person ada');
  });

  it('leaves a session as it was: a stranger’s requests neither end it nor keep it alive', async () => {
    using clock = stopClock();
    await using target = await stand({ binding: { idleSeconds: 100 } });
    const session = await begin(target, as('ada'));
    for (let second = 0; second < 90; second += 10) {
      clock.advance(10_000);
      expectRefusal(await whoami(target, as('bob'), session), 'session_not_found');
    }
    expect(await target.binding.list()).to.have.length(1);
    clock.advance(11_000);
    expectRefusal(await whoami(target, as('ada'), session), 'session_not_found');
    expect(await target.binding.list()).to.deep.equal([]);
  });
});

/** Basic and Bearer over one set of people; `people` is read at every call. */
async function twoSchemes(
  people: Map<string, Principal>,
  started: (principal: Principal) => Principal = (p) => p,
) {
  const verifier = {
    verify: async ({ token }: BearerCredentials) => people.get(token) ?? null,
    startSession: async (principal: Principal) => started(principal),
  };
  const binding = mcpSessionBinding();
  const served = await serve(
    mcpBasicAuth({ verifier: async ({ username }) => people.get(username) ?? null, proofCache: false }),
    mcpBearerAuth({ verifier, proofCache: false }),
    binding,
    mcpHandler({ enableJsonResponse: true, createServer: ({ principal }) => buildServer(principal) }),
  );
  return Object.assign(served, { binding });
}

describe('W11: identity is issuer, tenant and subject, never a name or a token', () => {
  it('knows the same person by Basic and by Bearer, and a reassigned e-mail address as another', async () => {
    const ada: Principal = { subject: '1', issuer: 'wiki', tenant: 't' };
    const people = new Map([
      ['ada', ada],
      ['t1', ada],
      ['t2', { ...ada, clientId: 'another client' }],
    ]);
    await using served = await twoSchemes(people);
    const session = await begin(served, as('ada'));
    for (const headers of [as('ada'), bearer('t1'), bearer('t2')]) {
      expect((await whoami(served, headers, session)).status).to.equal(200);
    }
    people.set('ada', { ...ada, subject: '2' });
    expectRefusal(await whoami(served, as('ada'), session), 'session_not_found');
    expect((await whoami(served, bearer('t1'), session)).status).to.equal(200);
    await served.binding.close();
  });

  it('takes nobody for somebody else by how parts are put together', async () => {
    const people = new Map<string, Principal>([
      ['victim', { subject: 'ada', issuer: 'idp', tenant: 'north' }],
      ['other-tenant', { subject: 'ada', issuer: 'idp', tenant: 'south' }],
      ['other-issuer', { subject: 'ada', issuer: 'evil', tenant: 'north' }],
      ['no-tenant', { subject: 'ada', issuer: 'idp' }],
      ['swapped', { subject: 'ada', issuer: 'north', tenant: 'idp' }],
      ['joined', { subject: 'north:ada', issuer: 'idp' }],
      ['quoted', { subject: 'north","ada', issuer: 'idp' }],
      ['case', { subject: 'ADA', issuer: 'idp', tenant: 'north' }],
      ['padded', { subject: 'ada ', issuer: 'idp', tenant: 'north' }],
      ['nul', { subject: 'ada\0', issuer: 'idp', tenant: 'north' }],
      ['number', { subject: '["idp","north","ada"]' }],
      ['named-null', { subject: 'ada', issuer: 'idp', tenant: 'null' }],
    ]);
    await using served = await twoSchemes(people);
    const sessions = new Map<string, string>();
    for (const token of people.keys()) sessions.set(token, await begin(served, bearer(token)));
    for (const [token, session] of sessions) {
      for (const other of people.keys()) {
        const { status } = await whoami(served, bearer(other), session);
        expect(status, `${other} on the session of ${token}`).to.equal(other === token ? 200 : 404);
      }
    }
    await served.binding.close();
  });
});

describe('W12: tools act with the credential of this request, not with the session’s first', () => {
  it('hands on a refreshed token, also while calls with the old one are under way', async () => {
    const ada = { subject: 'ada', issuer: 'idp' };
    const people = new Map<string, Principal>([
      ['old', { ...ada, token: 'old' }],
      ['new', { ...ada, token: 'new' }],
      ['bare', ada],
    ]);
    await using served = await twoSchemes(people);
    const session = await begin(served, bearer('old'));
    const tokens = Array.from({ length: 60 }, (_, i) => ['old', 'new', 'bare'][i % 3] ?? '');
    const replies = await Promise.all(tokens.map((token) => whoami(served, bearer(token), session)));
    expect(replies.map(({ text }) => seenIn(text).token)).to.deep.equal(tokens);
    await served.binding.close();
  });

  it('keeps what startSession issued only where the request brings nothing newer', async () => {
    const ada = { subject: 'ada', issuer: 'idp' };
    const people = new Map<string, Principal>([
      ['first', ada],
      ['later', { ...ada, token: 'brought later' }],
    ]);
    await using served = await twoSchemes(people, (principal) => ({ ...principal, token: 'issued' }));
    const session = await begin(served, bearer('first'));
    expect(seenIn((await whoami(served, bearer('first'), session)).text).token).to.equal('issued');
    expect(seenIn((await whoami(served, bearer('later'), session)).text).token).to.equal('brought later');
    expect(seenIn((await whoami(served, bearer('first'), session)).text).token).to.equal('issued');
    await served.binding.close();
  });
});
