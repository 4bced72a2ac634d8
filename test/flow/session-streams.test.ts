import { expect } from 'chai';

import { MemorySessionStore, type SessionEndReason } from '../../lib/index.js';
import { toolCall } from '../support/call.js';
import { type Clock, stopClock } from '../support/clock.js';
import { gate, until } from '../support/gate.js';
import { as, type Guarded, guarded, type Setting } from '../support/guarded.js';
import { hearOf } from '../support/heard.js';
import { buildServer } from '../support/mcp.js';
import { begin, type Session } from '../support/session.js';

interface Scene {
  readonly app: Guarded;
  readonly session: Session;
  readonly clock: Clock;
  readonly person: { active: boolean | Error };
  readonly store: MemorySessionStore;
}

interface Ending {
  readonly setting?: () => Setting;
  readonly act: (scene: Scene) => unknown;
  /** Milliseconds on the clock: up to here the stream stays open after `act`. Default: it closes without the clock. */
  readonly opensFor?: number;
  /** Why the session ends; nothing where it goes on. */
  readonly reason?: SessionEndReason;
}

const SOON = 1000;
const secondsAhead = (seconds: number): number => Date.now() / 1000 + seconds;
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

const endings: Readonly<Record<string, Ending>> = {
  'its session is revoked': {
    act: ({ app, session }) => app.sessions.revoke({ sessionId: session.id }),
    reason: 'revoked',
  },
  'its person is revoked': {
    act: ({ app }) => app.sessions.revoke({ subject: 'streamer' }),
    reason: 'revoked',
  },
  'its session is deleted': { act: ({ session }) => session.delete(), reason: 'deleted' },
  'the binding is closed': { act: ({ app }) => app.sessions.close(), reason: 'shutdown' },
  'the handler is closed': { act: ({ app }) => app.mcp.close({ graceMs: 0 }), reason: 'shutdown' },
  'the next request finds its record gone': {
    act: async ({ session, store }) => {
      store.delete(session.id);
      await session.send(ping);
    },
    reason: 'deleted',
  },
  'the next request finds its person inactive': {
    act: async ({ session, person }) => {
      person.active = false;
      await session.send(ping);
    },
    reason: 'inactive',
  },
  'a recheck finds its person inactive': {
    act: ({ person }) => {
      person.active = false;
    },
    opensFor: 29_999,
    reason: 'inactive',
  },
  'a second recheck in a row fails': {
    act: ({ person }) => {
      person.active = new Error('s3cret');
    },
    opensFor: 59_000,
  },
  'the time of its person is over': {
    setting: () => {
      const expiresAt = secondsAhead(20);
      return { basic: { verify: ({ username }) => ({ subject: username, expiresAt }) } };
    },
    act: () => {},
    opensFor: 19_999,
  },
  'the token that startSession issued expires': {
    setting: () => ({
      basic: { startSession: (person) => ({ ...person, token: 'issued', expiresAt: secondsAhead(20) }) },
    }),
    act: () => {},
    opensFor: 19_999,
    reason: 'expired',
  },
  'its session reaches its absolute end': {
    setting: () => ({ binding: { absoluteSeconds: 20 } }),
    act: () => {},
    opensFor: 19_999,
    reason: 'expired',
  },
};

for (const kind of ['GET', 'POST'] as const) {
  describe(`a ${kind} stream is closed when`, () => {
    for (const [title, { setting, act, opensFor, reason }] of Object.entries(endings)) {
      it(`${title}${reason ? `: the session ends, ${reason}` : ': the session goes on'}`, async () => {
        using clock = stopClock();
        using heard = hearOf('streamer');
        const ends: string[] = [];
        const person: Scene['person'] = { active: true };
        const store = new MemorySessionStore();
        const running = gate();
        let signal: AbortSignal | undefined;
        const { basic, binding } = setting?.() ?? {};
        await using app = await guarded({
          basic: {
            isActive: () => {
              if (person.active instanceof Error) throw person.active;
              return person.active;
            },
            endSession: (_principal, context) => void ends.push(context.reason),
            ...basic,
          },
          binding: { store, ...binding },
          createServer: (context) => {
            signal = context.signal;
            return buildServer(context.principal, () => running.opened);
          },
        });
        const session = await begin(app.url, as('streamer'));
        const stream = kind === 'GET' ? await session.listen() : await session.stream(toolCall('whoami'));
        await act({ app, session, clock, person, store });
        if (opensFor !== undefined) {
          clock.advance(opensFor);
          await new Promise((resolve) => setImmediate(resolve));
          expect([stream.isEnded, store.list({}).length]).to.deep.equal([false, 1]);
          clock.advance(SOON);
        }
        expect(await stream.ended).to.equal('end');
        if (reason) await until('the session is over', () => heard.types().includes('session.ended'));
        expect(ends).to.deep.equal(reason ? [reason] : []);
        expect(store.list({})).to.have.length(reason ? 0 : 1);
        expect(signal?.aborted).to.equal(reason !== undefined);
        running.open();
      });
    }
  });
}

describe('streams of others', () => {
  it('stay open when a person is revoked, or found inactive', async () => {
    let inactive = '';
    await using app = await guarded({ basic: { isActive: ({ subject }) => subject !== inactive } });
    const ben = await begin(app.url, as('ben'));
    const stream = await ben.listen();
    const [ann, cid] = [await begin(app.url, as('ann')), await begin(app.url, as('cid'))];
    const [annStream, cidStream] = [await ann.listen(), await cid.listen()];
    expect(await app.sessions.revoke({ subject: 'ann' })).to.equal(1);
    inactive = 'cid';
    expect((await cid.send(ping)).code).to.equal('invalid_credentials');
    expect(await Promise.all([annStream.ended, cidStream.ended])).to.deep.equal(['end', 'end']);
    expect(stream.isEnded).to.equal(false);
    expect(await ben.tool('echo', { text: 'goes on' })).to.equal('goes on');
    expect((await app.sessions.list()).map(({ id }) => id)).to.deep.equal([ben.id]);
  });

  it('survive rechecks that fail now and then', async () => {
    using clock = stopClock();
    let answers: (() => boolean)[] = [];
    const fail = (): never => {
      throw new Error('s3cret');
    };
    await using app = await guarded({ basic: { isActive: () => (answers.shift() ?? (() => true))() } });
    const stream = await (await begin(app.url, as('ann'))).listen();
    answers = [fail, () => true, fail, () => true, fail];
    while (answers.length > 0) {
      const left = answers.length;
      clock.advance(30_000);
      await until('the recheck is over', () => answers.length < left);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stream.isEnded).to.equal(false);
  });
});
