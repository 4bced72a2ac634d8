import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'chai';

import { MemorySessionStore } from '../../lib/index.js';
import { call, initialize } from '../support/call.js';
import { connect, textOf } from '../support/client.js';
import { stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import type { Seen } from '../support/mcp.js';
import { begin } from '../support/session.js';

describe('what a session costs', () => {
  it('100 calls in one Basic session: the slow verifier runs once, isActive on each request', async () => {
    const count = { verify: 0, isActive: 0, startSession: 0, requests: 0 };
    await using app = await guarded({
      before: [
        (_request, _response, next) => {
          count.requests += 1;
          next();
        },
      ],
      basic: {
        verify: async ({ username }) => {
          count.verify += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
          return { subject: username };
        },
        isActive: () => {
          count.isActive += 1;
          return true;
        },
        startSession: () => {
          count.startSession += 1;
        },
      },
    });
    await using connected = await connect(app.url, as('ann'));
    for (let i = 0; i < 100; i += 1) {
      expect(await textOf(connected.client, 'echo', { text: `${i}` })).to.equal(`${i}`);
    }
    // initialize, initialized, the GET stream, and the calls.
    await until('the GET stream is asked for', () => count.isActive === 103);
    expect(count).to.deep.equal({ verify: 1, isActive: 103, startSession: 1, requests: 103 });
  });

  it('100 parallel first calls with one credential: one verification', async () => {
    let verified = 0;
    const answer = gate();
    let arrived = 0;
    await using app = await guarded({
      before: [
        (_request, _response, next) => {
          arrived += 1;
          next();
        },
      ],
      binding: { maxSessionsPerPrincipal: 100 },
      basic: {
        verify: async ({ username }) => {
          verified += 1;
          await answer.opened;
          return { subject: username };
        },
      },
    });
    const replies = Array.from({ length: 100 }, () =>
      call(app.url, { headers: as('ann'), body: initialize() }),
    );
    await until('all have arrived', () => arrived === 100);
    answer.open();
    for (const { status } of await Promise.all(replies)) expect(status).to.equal(200);
    expect(verified).to.equal(1);
  });

  it('two users, 200 calls interleaved: each is served as itself, from its own server', async () => {
    await using app = await guarded();
    await using ann = await connect(app.url, as('ann'));
    await using ben = await connect(app.url, as('ben'));
    const people = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? ann : ben));
    const texts = await Promise.all(people.map(({ client }) => textOf(client, 'whoami')));
    for (const [i, text] of texts.entries()) {
      const name = people[i] === ann ? 'ann' : 'ben';
      expect(JSON.parse(text) as Seen).to.include({ created: name, current: name, subject: name });
    }
  });

  it('writes when a session was last used once a second at most', async () => {
    using clock = stopClock();
    let writes = 0;
    class Store extends MemorySessionStore {
      override update(...args: Parameters<MemorySessionStore['update']>): void {
        writes += 1;
        super.update(...args);
      }
    }
    await using app = await guarded({ binding: { store: new Store() } });
    const session = await begin(app.url, as('ann'));
    const counts: number[] = [];
    for (const ms of [0, 999, 1, 0, 1000]) {
      clock.advance(ms);
      for (let i = 0; i < 10; i += 1) await session.tool('echo', { text: 'x' });
      counts.push(writes);
    }
    expect(counts).to.deep.equal([0, 0, 1, 1, 2]);
  });
});

describe('a client whose session is gone', () => {
  it('is told 404, and comes back with a new one', async () => {
    await using app = await guarded();
    const first = await connect(app.url, as('ann'));
    expect(await textOf(first.client, 'echo', { text: 'x' })).to.equal('x');
    await app.sessions.revoke({ subject: 'ann' });
    const error = await textOf(first.client, 'echo', { text: 'x' }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(StreamableHTTPError).and.include({ code: 404 });
    await first.client.close();
    await using second = await connect(app.url, as('ann'));
    expect(second.transport.sessionId).to.be.a('string').and.not.equal(first.transport.sessionId);
    expect(await textOf(second.client, 'echo', { text: 'back' })).to.equal('back');
  });

  it('may even send the old id along with initialize', async () => {
    await using app = await guarded();
    for (const stale of ['A'.repeat(43), 'of-another-server', '{}']) {
      const initialized = await call(app.url, {
        headers: { ...as('ann'), 'mcp-session-id': stale },
        body: initialize(),
      });
      expect(initialized.status).to.equal(200);
      expect(initialized.headers['mcp-session-id'])
        .to.match(/^[\w-]{43}$/)
        .and.not.equal(stale);
    }
    expect(await app.sessions.list()).to.have.length(3);
  });
});
