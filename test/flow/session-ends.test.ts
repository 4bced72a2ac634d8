import { expect } from 'chai';

import { MemorySessionStore, type SessionEndReason } from '../../lib/index.js';
import { call } from '../support/call.js';
import { holdTimeouts, stopClock } from '../support/clock.js';
import { serverSees } from '../support/connections.js';
import { gate, until } from '../support/gate.js';
import { as, guarded } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { expectRefusal } from '../support/refusal.js';
import { catchRejections } from '../support/rejections.js';
import { begin } from '../support/session.js';
import { trace } from '../support/traced.js';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('the end of a session', () => {
  it('comes once, whoever asks and however many at once', async () => {
    using heard = hearOf('once');
    const { steps, store, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store } });
    const session = await begin(app.url, as('once'));
    steps.length = 0;
    const outcomes = await Promise.all([
      session.delete(),
      session.delete(),
      app.sessions.revoke({ sessionId: session.id }),
      app.sessions.revoke({ subject: 'ann' }),
      app.sessions.close(),
      app.mcp.close({ graceMs: 0 }),
    ]);
    expect(outcomes).to.have.length(6);
    expect(steps.filter((step) => step.startsWith('end'))).to.have.length(1);
    expect(heard.types().filter((type) => type === 'session.ended')).to.have.length(1);
    expect(store.list({})).to.deep.equal([]);
  });

  it('is undone by the one that removed the record: not here, where another did', async () => {
    class Shared extends MemorySessionStore {
      readonly shared = true;
      override delete(id: string): boolean {
        super.delete(id);
        return false;
      }
    }
    const { steps, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store: new Shared() } });
    const session = await begin(app.url, as('ann'));
    expect((await session.delete()).status).to.equal(200);
    expect(steps).to.deep.equal(['start']);
    expectRefusal(await session.send(ping), 'session_not_found');
  });

  it('closes what is here when another node says that it is over, and undoes nothing', async () => {
    let tell: (id: string, reason: SessionEndReason) => void = () => {};
    let isListening = false;
    class Shared extends MemorySessionStore {
      readonly shared = true;
      onDeleted(listener: typeof tell): () => void {
        tell = listener;
        isListening = true;
        return () => {
          isListening = false;
        };
      }
    }
    using heard = hearOf('elsewhere');
    const { steps, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store: new Shared() } });
    const session = await begin(app.url, as('elsewhere'));
    const stream = await session.listen();
    tell('A'.repeat(43), 'revoked');
    tell(session.id, 'revoked');
    expect(await stream.ended).to.equal('end');
    expectRefusal(await session.send(ping), 'session_not_found');
    expect(heard.events.find(({ type }) => type === 'session.ended')).to.include({ reason: 'revoked' });
    expect(steps).to.deep.equal(['start']);
    await app.sessions.close();
    expect(isListening).to.equal(false);
  });

  it('is let go of, not ended, when a process with a shared store closes', async () => {
    class Shared extends MemorySessionStore {
      readonly shared = true;
    }
    const store = new Shared();
    const { steps, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store } });
    const session = await begin(app.url, as('ann'));
    const stream = await session.listen();
    await app.mcp.close({ graceMs: 0 });
    await app.sessions.close();
    expect(await stream.ended).to.equal('end');
    expect(store.list({}).map(({ id }) => id)).to.deep.equal([session.id]);
    expect(steps).to.deep.equal(['start']);
  });

  for (const [title, end] of [
    ['throws', () => Promise.reject(new Error('s3cret'))],
    ['is slow', () => new Promise<void>((resolve) => setImmediate(resolve))],
  ] as const) {
    it(`goes through where endSession ${title}`, async () => {
      using rejections = catchRejections();
      using heard = hearOf('undoing');
      const { store, verifier } = trace({ end });
      const errors: unknown[] = [];
      await using app = await guarded({
        basic: verifier,
        binding: { store },
        handler: { onError: (error) => errors.push(error) },
      });
      const session = await begin(app.url, as('undoing'));
      expect((await session.delete()).status).to.equal(200);
      expectRefusal(await session.send(ping), 'session_not_found');
      const failed = heard.events.filter(({ type }) => type === 'server.failed');
      expect(failed).to.have.length(title === 'throws' ? 1 : 0);
      expect(errors.map(String)).to.deep.equal(title === 'throws' ? ['Error: s3cret'] : []);
      expect(rejections.reasons).to.deep.equal([]);
    });
  }

  it('does not wait for ever for endSession', async () => {
    using timeouts = holdTimeouts(5000);
    const never = gate();
    const { steps, store, verifier } = trace({ end: () => never.opened });
    await using app = await guarded({
      basic: verifier,
      binding: { store },
      handler: { onError: () => {} },
    });
    const session = await begin(app.url, as('ann'));
    const reply = session.delete();
    await until('endSession hangs', () => steps.includes('end deleted'));
    await until('its time is limited', () => timeouts.count > 0, 1000);
    timeouts.fire();
    expect((await reply).status).to.equal(200);
    await app.mcp.close({ graceMs: 0 });
  });

  it('comes at the next tick of the watch, with no request to find it', async () => {
    using clock = stopClock();
    const { steps, store, verifier } = trace();
    await using app = await guarded({ basic: verifier, binding: { store, idleSeconds: 10 } });
    await begin(app.url, as('ann'));
    clock.advance(10_250);
    await until('it is over', () => steps.includes('end idle'));
    expect(store.list({})).to.deep.equal([]);
  });

  it('is counted from the end of the last stream, and of the last notification', async () => {
    using clock = stopClock();
    await using app = await guarded({ binding: { idleSeconds: 60 } });
    const session = await begin(app.url, as('ann'));
    const count = async (): Promise<number> => (await app.sessions.list()).length;
    const stream = await session.listen();
    clock.advance(600_000);
    stream.drop();
    await serverSees(app.served, 0);
    clock.advance(59_999);
    expect(await count()).to.equal(1);
    const note = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
    expect((await session.send(note)).status).to.equal(202);
    clock.advance(59_999);
    expect(await count()).to.equal(1);
    clock.advance(251);
    await until('it is over', async () => (await count()) === 0);
  });

  it('is not put off by a call that the SDK refused', async () => {
    using clock = stopClock();
    await using app = await guarded({ binding: { idleSeconds: 60 } });
    const session = await begin(app.url, as('ann'));
    const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'whoami' } };
    const { status } = await session.send(call, { 'mcp-protocol-version': '1999-01-01' });
    expect(status).to.equal(400);
    clock.advance(60_250);
    await until('it is over', async () => (await app.sessions.list()).length === 0);
  });

  it('is not brought on by requests of others that name it', async () => {
    using clock = stopClock();
    await using app = await guarded({ binding: { idleSeconds: 10 } });
    const session = await begin(app.url, as('ann'));
    for (let i = 0; i < 3; i += 1) {
      clock.advance(4000);
      const foreign = { ...session.headers, ...as('ben') };
      for (const method of ['POST', 'GET', 'DELETE']) {
        expectRefusal(await call(app.url, { method, headers: foreign }), 'session_not_found');
      }
    }
    await until('it went idle all the same', async () => (await app.sessions.list()).length === 0);
  });
});
