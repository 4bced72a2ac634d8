import { expect } from 'chai';
import type { RequestHandler } from 'express';

import { mcpLoginLimiter, mcpTokenGuard } from '../../lib/index.js';
import { basic, call, initialize, type Reply } from '../support/call.js';
import { listen } from '../support/events.js';
import { gate, until } from '../support/gate.js';
import { BASIC, expectRefusal } from '../support/refusal.js';
import { as, begin, behindProxy, from, type Headers, stand, whoami } from './support/stand.js';
import { MCP_LINES, rawRequest, sendRaw } from './support/wire.js';

const guess = (username: string, n: number | string = 0): Headers => ({
  authorization: basic(username, `guess ${n}`),
});
const login = ({ url }: { url: URL }, headers: Headers): Promise<Reply> =>
  call(url, { headers, body: initialize() });
const statuses = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status);

describe('W2: the right password is never too many failed logins', () => {
  const ENCODED = as('ada').authorization?.slice('Basic '.length) ?? '';

  it('takes 200 parallel first calls in four spellings from two addresses, with one verification', async () => {
    const arrived: unknown[] = [];
    const arrival: RequestHandler = (request, _response, next) => {
      arrived.push(request);
      next();
    };
    const { opened, open } = gate();
    await using target = await stand({
      configure: behindProxy,
      first: [arrival],
      verifier: { verify: () => opened.then(() => ({ subject: 'person ada' })) },
      binding: { maxSessionsPerPrincipal: 200 },
    });
    const spellings = [`Basic ${ENCODED}`, `basic ${ENCODED}`, `BASIC   ${ENCODED}`, `bAsIc ${ENCODED}`];
    const calls = Array.from({ length: 200 }, (_, i) =>
      login(target, { ...from(`198.51.100.${i % 2}`), authorization: spellings[i % 4] ?? '' }),
    );
    await until('all have arrived', () => arrived.length === 200);
    open();
    expect(new Set(statuses(await Promise.all(calls)))).to.deep.equal(new Set([200]));
    expect(target.verified).to.deep.equal(['ada']);
  });

  it('takes 8 first logins of 8 people behind one address at once, with points for 5', async () => {
    const { opened, open } = gate();
    await using target = await stand({
      limiter: { points: 5 },
      verifier: { verify: ({ username }) => opened.then(() => ({ subject: username })) },
    });
    const calls = Array.from({ length: 8 }, (_, i) => login(target, guess(`person-${i}`)));
    await until('every point is reserved', () => target.verified.length === 5);
    open();
    expect(statuses(await Promise.all(calls))).to.deep.equal(Array(8).fill(200));
    expect(target.verified).to.have.length(8);
  });
});

describe('W3: an own login never refills the budget of an address', () => {
  it('blocks somebody who logs in as himself between his guesses', async () => {
    await using target = await stand({
      limiter: false,
      first: [mcpLoginLimiter({ points: 5 }), mcpTokenGuard({ token: 'the shared secret' })],
      basic: { proofCache: false },
    });
    const token = { 'x-mcp-token': 'the shared secret' };
    const answers: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      // A new account for every guess, so that nothing but the address can tell.
      answers.push((await login(target, { ...token, ...guess(`victim-${n}`) })).status);
      if (n < 4) expect((await login(target, { ...token, ...as('bob') })).status).to.equal(200);
    }
    expect(answers).to.deep.equal([...Array(5).fill(401), ...Array(7).fill(429)]);
    expect(target.verified.filter((name) => name.startsWith('victim'))).to.have.length(5);
  });

  it('counts guesses that overlap with own logins', async () => {
    await using target = await stand({ limiter: { points: 5 }, basic: { proofCache: false } });
    for (let round = 0; round < 4; round += 1) {
      const guesses = Array.from({ length: 3 }, (_, i) => login(target, guess(`victim-${round}-${i}`)));
      await Promise.all([...guesses, login(target, as('bob')), login(target, as('bob'))]);
    }
    expect(target.verified.filter((name) => name.startsWith('victim'))).to.have.length(5);
    expect((await login(target, as('bob'))).status).to.equal(429);
  });
});

describe('W4: wrong guesses lock out nobody who has proved himself', () => {
  it('serves the victim, in a session and in a new one, while the account and the address are full', async () => {
    await using target = await stand({ configure: behindProxy, limiter: { points: 3 } });
    const home = { ...from('198.51.100.1'), ...as('ada') };
    const session = await begin(target, home);
    for (const place of ['203.0.113.9', '198.51.100.1']) {
      const replies: Reply[] = [];
      for (let n = 0; n < 4; n += 1)
        replies.push(await login(target, { ...from(place), ...guess('ada', place + n) }));
      expect(statuses(replies), place).to.deep.equal([401, 401, 401, 429]);
    }
    const before = target.verified.length;
    for (let n = 0; n < 20; n += 1) expect((await whoami(target, home, session)).status).to.equal(200);
    await begin(target, home);
    // On the road he is anybody, until his live session vouches for the place.
    const road = { ...from('192.0.2.7'), ...as('ada') };
    expect((await login(target, road)).status).to.equal(429);
    expect((await whoami(target, road, session)).status).to.equal(200);
    expect((await login(target, road)).status).to.equal(200);
    expect((await login(target, { ...from('192.0.2.8'), ...as('ada') })).status).to.equal(429);
    expect(target.verified).to.have.length(before);
  });

  it('keeps a budget of its own for a source that is known, when the proof is no longer remembered', async () => {
    await using target = await stand({ configure: behindProxy, limiter: { points: 3 } });
    const home = { ...from('198.51.100.1'), ...as('ada') };
    await begin(target, home);
    for (let n = 0; n < 5; n += 1) await login(target, { ...from(`203.0.113.${n}`), ...guess('ada', n) });
    await target.binding.revoke({ subject: 'person ada' });
    expect((await login(target, { ...from('192.0.2.7'), ...as('ada') })).status).to.equal(429);
    expect((await login(target, home)).status).to.equal(200);
    // Its budget is its own, and no more than a budget.
    const replies: Reply[] = [];
    for (let n = 0; n < 4; n += 1)
      replies.push(await login(target, { ...home, ...guess('ada', `home ${n}`) }));
    expect(statuses(replies)).to.deep.equal([401, 401, 401, 429]);
  });
});

describe('W5: a broken database is 503 in fixed words, and nobody’s failure', () => {
  it('tells nothing, counts nothing, and recovers at once', async () => {
    const outage = new Error('connect ECONNREFUSED postgres://svc:hunter2@db.internal/users');
    let isDown = true;
    using heard = listen();
    await using target = await stand({
      limiter: { points: 2 },
      verifier: {
        verify: async () => {
          if (isDown) throw Object.assign(outage, { status: 401, expose: true });
          return { subject: 'person ada' };
        },
      },
    });
    for (let n = 0; n < 20; n += 1) {
      const reply = await login(target, as('ada'));
      expectRefusal(reply, 'unavailable');
      expect(JSON.stringify([reply.headers, reply.text])).to.not.match(/hunter2|ECONNREFUSED|internal/);
    }
    isDown = false;
    expect((await login(target, as('ada'))).status).to.equal(200);
    expect(JSON.stringify(heard.events)).to.not.match(/hunter2|ECONNREFUSED|internal/);
  });
});

describe('W13: the password is hashed once, not on every request', () => {
  it('asks only isActive for 200 requests and notifications, on one socket', async () => {
    let asked = 0;
    const isActive = (): boolean => {
      asked += 1;
      return true;
    };
    await using target = await stand({ verifier: { isActive } });
    const session = await begin(target, as('ada'));
    const lines = [...MCP_LINES, `Authorization: ${as('ada').authorization}`, `Mcp-Session-Id: ${session}`];
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'ping' });
    const note = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' });
    const pair = rawRequest('POST', lines, ping) + rawRequest('POST', lines, note);
    const replies = await sendRaw(target.port, pair.repeat(100), { count: 200 });
    expect(replies.map(({ status }) => status)).to.deep.equal(Array(100).fill([200, 202]).flat());
    expect({ verified: target.verified, asked }).to.deep.equal({ verified: ['ada'], asked: 201 });
  });
});

describe('W21: the shared token can rotate, and guessing it is counted', () => {
  it('takes the old value and the new one, and refuses their neighbours alike', async () => {
    const tokens = ['old secret', 'a new and longer secret'];
    await using target = await stand({ limiter: false, first: [mcpTokenGuard({ token: tokens })] });
    for (const token of tokens) {
      expect((await login(target, { ...as('ada'), 'x-mcp-token': token })).status).to.equal(200);
    }
    const wrong = [
      'old secre',
      'old secret!',
      'OLD SECRET',
      'x',
      'old secret,a new and longer secret',
      '[object Object]',
    ];
    for (const token of [...wrong, 'x'.repeat(8000)]) {
      const reply = await login(target, { ...as('ada'), 'x-mcp-token': token });
      expectRefusal(reply, 'invalid_mcp_token', { challenges: ['MCP-Token realm="mcp"'] });
    }
  });

  it('stops guesses at the address, before any password is looked at, and not those who have the token', async () => {
    await using target = await stand({
      configure: behindProxy,
      limiter: false,
      first: [mcpLoginLimiter({ points: 4 }), mcpTokenGuard({ token: 'the shared secret' })],
    });
    const good = { 'x-mcp-token': 'the shared secret' };
    await begin(target, { ...from('198.51.100.1'), ...good, ...as('ada') });
    const answers: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const headers = { ...from('198.51.100.1'), ...guess('ada', n), 'x-mcp-token': `guess ${n}` };
      answers.push((await login(target, headers)).status);
    }
    expect(answers).to.deep.equal([...Array(4).fill(401), ...Array(4).fill(429)]);
    expect(target.verified).to.deep.equal(['ada']);
    await begin(target, { ...from('198.51.100.1'), ...good, ...as('ada') });
    // Somebody new there has to wait: his password is yet to be verified.
    const other = await login(target, { ...from('198.51.100.1'), ...good, ...as('bob') });
    expect(other.status).to.equal(429);
    const elsewhere = await login(target, { ...from('192.0.2.7'), ...guess('ada'), ...good });
    expectRefusal(elsewhere, 'invalid_credentials', { challenges: [BASIC] });
  });
});
