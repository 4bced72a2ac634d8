import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import { logIn } from '../../lib/handler/start-session.js';
import type { SessionHooks } from '../../lib/request-state.js';
import { LiveSession } from '../../lib/sessions/live-session.js';
import type { SessionRegistry } from '../../lib/sessions/session-registry.js';
import type { Principal } from '../../lib/types.js';
import { ada, eve } from '../sessions/support.js';
import { holdTimeouts } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { fakeRequest } from './support.js';

const MS = 4321;
const ISSUED = { ...ada, token: 'issued' };

function scene(hooks: SessionHooks | undefined, credentials?: () => never) {
  const log: unknown[] = [];
  const reports: unknown[] = [];
  const session = new LiveSession('a', ada, 0, 1);
  const registry = {
    keepLogin: async (_session: LiveSession, principal: Principal | undefined) =>
      log.push(['kept', principal?.token]),
  } as unknown as SessionRegistry;
  const { request, state } = fakeRequest(ada);
  state.proof = { hooks, credentials };
  const report = (failure: string, what: string, error: unknown): void =>
    void reports.push([failure, what, String(error)]);
  const context = { createTimeoutMs: MS, report };
  const start = async (): Promise<unknown> => {
    try {
      await logIn(session, registry, request, state, context);
      return 'done';
    } catch (error) {
      expect(error).to.be.instanceOf(McpGuardError);
      const { code, cause } = error as McpGuardError;
      return cause === undefined ? code : [code, String(cause)];
    }
  };
  return { log, reports, session, request, start };
}

/** Hooks that note who is logged in, and out. */
function noting(startSession: SessionHooks['startSession']): { hooks: SessionHooks; undone: unknown[] } {
  const undone: unknown[] = [];
  const endSession: SessionHooks['endSession'] = async ({ subject, token }, about) =>
    void undone.push([subject, token, about]);
  return { hooks: { ...(startSession && { startSession }), endSession }, undone };
}

const UNDONE = (token?: string): unknown[] => [['ada', token, { sessionId: 'a', reason: 'failed' }]];

describe('logIn', () => {
  it('has nothing to wait for where there is no login', () => {
    const { request, state } = fakeRequest(ada);
    const session = new LiveSession('a', ada, 0, 1);
    expect(logIn(session, {} as never, request, state, {} as never)).to.equal(undefined);
    const { hooks } = noting(undefined);
    state.proof = { hooks };
    expect(logIn(session, {} as never, request, state, {} as never)).to.equal(undefined);
    expect(session.hooks).to.equal(hooks);
  });

  it('hands over the principal as proven, the session, the request and what it brought', async () => {
    const seen: unknown[] = [];
    const { hooks } = noting(async (...args) => void seen.push(...args));
    const credentials = { username: 'ada' } as never;
    const place = scene(hooks, () => credentials);
    expect(await place.start()).to.equal('done');
    expect(seen).to.deep.equal([ada, { sessionId: 'a', request: place.request, credentials }]);
    expect(place.session.hooks).to.equal(hooks);
    expect(place.log).to.deep.equal([['kept', undefined]]);
    const without = scene(hooks);
    await without.start();
    expect(seen[3]).to.deep.equal({ sessionId: 'a', request: without.request });
  });

  it('keeps what it made of the principal', async () => {
    const { log, start } = scene(noting(async () => ISSUED).hooks);
    expect(await start()).to.equal('done');
    expect(log).to.deep.equal([['kept', 'issued']]);
  });

  it('is an outage where it throws or rejects, and undoes nothing', async () => {
    for (const startSession of [
      () => {
        throw new Error('down');
      },
      () => Promise.reject(new Error('down')),
    ]) {
      const { hooks, undone } = noting(startSession);
      const { reports, start, log } = scene(hooks);
      expect(await start()).to.deep.equal(['unavailable', 'Error: down']);
      expect(reports).to.deep.equal([['start_session', 'startSession failed', 'Error: down']]);
      await settle();
      expect([undone, log]).to.deep.equal([[], []]);
    }
  });

  it('leaves a refusal by policy as it is, and nothing to report', async () => {
    const { reports, start } = scene(noting(() => Promise.reject(new McpGuardError('forbidden'))).hooks);
    expect(await start()).to.equal('forbidden');
    expect(reports).to.deep.equal([]);
  });

  for (const [what, late, token] of [
    ['what it made of the principal', ISSUED, 'issued'],
    ['the principal as proven, where it made somebody else of it', eve, undefined],
    ['the principal as proven, where it made nothing of it', undefined, undefined],
  ] as const) {
    it(`is undone where it comes too late, for ${what}`, async () => {
      using timeouts = holdTimeouts(MS);
      const [asked, answered] = [gate(), gate()];
      const { hooks, undone } = noting(async () => {
        asked.open();
        await answered.opened;
        return late;
      });
      const { start } = scene(hooks);
      const starting = start();
      await asked.opened;
      timeouts.fire();
      expect((await starting) as unknown[]).to.include('unavailable');
      expect(undone).to.deep.equal([]);
      answered.open();
      await settle();
      expect(undone).to.deep.equal(UNDONE(token));
    });
  }

  it('A10 is undone, and loudly refused, where it makes somebody else of the principal', async () => {
    for (const wrong of [eve, { subject: '' }, 'ada', 5, null]) {
      const { hooks, undone } = noting(async () => wrong as never);
      const { reports, start } = scene(hooks);
      const what = 'mcpHandler: startSession returned something that is not the same principal';
      expect(await start()).to.deep.equal(['unavailable', `TypeError: ${what}`]);
      expect(reports).to.deep.equal([['start_session', what, `TypeError: ${what}`]]);
      expect(undone).to.deep.equal(UNDONE());
    }
  });

  it('is undone where the session has ended meanwhile', async () => {
    const { hooks, undone } = noting(async () => {
      Object.assign(place.session, { ending: Promise.resolve(), endReason: 'revoked' });
      return ISSUED;
    });
    const place = scene(hooks);
    expect(await place.start()).to.equal('session_not_found');
    expect(undone).to.deep.equal([['ada', 'issued', { sessionId: 'a', reason: 'revoked' }]]);
    expect(place.log).to.deep.equal([]);
  });

  it('has nothing to undo where there is no endSession, and tells of one that fails', async () => {
    const plain = scene({ startSession: async () => eve });
    expect((await plain.start()) as unknown[]).to.include('unavailable');
    expect(plain.reports).to.have.length(1);
    const failing = scene({
      startSession: async () => eve,
      endSession: () => Promise.reject(new Error('down')),
    });
    await failing.start();
    expect(failing.reports[0]).to.deep.equal(['end_session', 'endSession failed', 'Error: down']);
  });
});
