import { expect } from 'chai';

import type { SessionBindingOptions } from '../../lib/index.js';
import { call, initialize, type Reply, toolCall } from '../support/call.js';
import { type Clock, stopClock } from '../support/clock.js';
import { serverSees } from '../support/connections.js';
import { gate, until } from '../support/gate.js';
import { as, type Guarded, guarded } from '../support/guarded.js';
import { buildServer } from '../support/mcp.js';
import { expectRefusal } from '../support/refusal.js';
import { begin, type Session } from '../support/session.js';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

interface Limited extends AsyncDisposable {
  readonly app: Guarded;
  readonly ends: string[];
  readonly running: { count: number };
  /** Begins a session, a second after what was before. */
  later(clock: Clock, username?: string): Promise<Session>;
  initialize(username?: string): Promise<Reply>;
}

async function limited(binding: SessionBindingOptions): Promise<Limited> {
  const ends: string[] = [];
  const running = { count: 0 };
  const finish = gate();
  const app = await guarded({
    binding,
    basic: { endSession: ({ subject }, { reason }) => void ends.push(`${subject} ${reason}`) },
    createServer: ({ principal }) =>
      buildServer(principal, (tool) => {
        if (tool !== 'whoami') return;
        running.count += 1;
        return finish.opened;
      }),
  });
  return {
    app,
    ends,
    running,
    later: (clock, username = 'ann') => {
      clock.advance(2000);
      return begin(app.url, as(username));
    },
    initialize: (username = 'ann') => call(app.url, { headers: as(username), body: initialize() }),
    async [Symbol.asyncDispose]() {
      finish.open();
      await app[Symbol.asyncDispose]();
    },
  };
}

const idsOf = async ({ app }: Limited): Promise<string[]> =>
  (await app.sessions.list()).map(({ id }) => id).sort();

describe('limits of sessions', () => {
  it("evict-idle ends the person's own session whose last call is oldest", async () => {
    using clock = stopClock();
    await using scene = await limited({ maxSessionsPerPrincipal: 3 });
    const other = await scene.later(clock, 'ben');
    const [first, second, third] = [
      await scene.later(clock),
      await scene.later(clock),
      await scene.later(clock),
    ];
    clock.advance(2000);
    expect(await first.tool('echo', { text: 'used' })).to.equal('used');
    const fourth = await scene.later(clock);
    await until('one is evicted', () => scene.ends.length > 0);
    expect(await idsOf(scene)).to.deep.equal([other.id, first.id, third.id, fourth.id].sort());
    expectRefusal(await second.send(ping), 'session_not_found');
    const fifth = await scene.later(clock);
    await until('another is evicted', () => scene.ends.length > 1);
    expect(await idsOf(scene)).to.deep.equal([other.id, first.id, fourth.id, fifth.id].sort());
    expect(scene.ends).to.deep.equal(['ann evicted', 'ann evicted']);
  });

  it('evict-idle spares a running call and an open stream, and refuses where none can go', async () => {
    using clock = stopClock();
    await using scene = await limited({ maxSessionsPerPrincipal: 3 });
    const [calling, listening, idle] = [
      await scene.later(clock),
      await scene.later(clock),
      await scene.later(clock),
    ];
    const answer = await calling.stream(toolCall('whoami'));
    const stream = await listening.listen();
    await until('the call runs', () => scene.running.count === 1);
    const fourth = await scene.later(clock);
    await until('the idle one is evicted', () => scene.ends.length === 1);
    expectRefusal(await idle.send(ping), 'session_not_found');
    await fourth.listen();
    expectRefusal(await scene.initialize(), 'session_limit');
    expect(await idsOf(scene)).to.deep.equal([calling.id, listening.id, fourth.id].sort());
    expect([answer.isEnded, stream.isEnded]).to.deep.equal([false, false]);
    expect((await scene.initialize('ben')).status).to.equal(200);
  });

  it('evict-idle spares a call whose client has hung up while it runs', async () => {
    using clock = stopClock();
    await using scene = await limited({ maxSessionsPerPrincipal: 1 });
    const session = await scene.later(clock);
    const answer = await session.stream(toolCall('whoami'));
    await until('the call runs', () => scene.running.count === 1);
    answer.drop();
    await serverSees(scene.app.served, 0);
    expectRefusal(await scene.initialize(), 'session_limit');
    expect(await session.tool('echo', { text: 'alive' })).to.equal('alive');
  });

  it('refuse refuses, and ends nothing', async () => {
    using clock = stopClock();
    await using scene = await limited({ maxSessionsPerPrincipal: 2, onLimit: 'refuse' });
    const sessions = [await scene.later(clock), await scene.later(clock)];
    expectRefusal(await scene.initialize(), 'session_limit');
    expect(await idsOf(scene)).to.deep.equal(sessions.map(({ id }) => id).sort());
    expect((await scene.initialize('ben')).status).to.equal(200);
    await sessions[0]?.delete();
    expect((await scene.initialize()).status).to.equal(200);
  });

  it('counts identities apart: another tenant of the same name has its own', async () => {
    await using app = await guarded({
      binding: { maxSessionsPerPrincipal: 1, onLimit: 'refuse' },
      bearer: { verify: ({ token }) => ({ subject: 'ann', tenant: token }) },
    });
    for (const tenant of ['a', 'b']) {
      const headers = { authorization: `Bearer ${tenant}` };
      expect((await call(app.url, { headers, body: initialize() })).status).to.equal(200);
      expectRefusal(await call(app.url, { headers, body: initialize() }), 'session_limit');
    }
  });

  for (const onLimit of ['evict-idle', 'refuse'] as const) {
    it(`refuses everybody at the total limit, with ${onLimit}`, async () => {
      using clock = stopClock();
      await using scene = await limited({ maxSessions: 2, onLimit });
      const sessions = [await scene.later(clock), await scene.later(clock, 'ben')];
      for (const user of ['ann', 'ben', 'cid']) expectRefusal(await scene.initialize(user), 'session_limit');
      expect(scene.ends).to.deep.equal([]);
      await sessions[1]?.delete();
      expect((await scene.initialize('cid')).status).to.equal(200);
    });
  }

  for (const [title, binding, allowed] of [
    ['per person', { maxSessionsPerPrincipal: 3, onLimit: 'refuse' }, 3],
    ['in total', { maxSessions: 4 }, 4],
  ] as const) {
    it(`holds ${title}, however many begin at once`, async () => {
      await using scene = await limited(binding);
      const replies = await Promise.all(Array.from({ length: 30 }, () => scene.initialize()));
      const begun = replies.filter(({ status }) => status === 200);
      const refused = replies.filter(({ status }) => status !== 200);
      expect(begun).to.have.length(allowed);
      for (const reply of refused) expectRefusal(reply, 'session_limit');
      expect(await idsOf(scene)).to.have.length(allowed);
    });
  }

  it('gives back the slot of a session that failed to begin', async () => {
    let isDown = true;
    await using app = await guarded({
      binding: { maxSessions: 1 },
      handler: { onError: () => {} },
      createServer: ({ principal }) => {
        if (isDown) throw new Error('s3cret');
        return buildServer(principal);
      },
    });
    for (let i = 0; i < 3; i += 1) {
      expectRefusal(await call(app.url, { headers: as('ann'), body: initialize() }), 'unavailable');
    }
    isDown = false;
    expect((await call(app.url, { headers: as('ann'), body: initialize() })).status).to.equal(200);
  });
});
