import { expect } from 'chai';

import { McpGuardError } from '../../lib/errors.js';
import { canRebuild, transportOf } from '../../lib/handler/rebuild-session.js';
import { LiveSession } from '../../lib/sessions/live-session.js';
import { mountOf } from '../../lib/sessions/origin.js';
import type { SessionRegistry } from '../../lib/sessions/session-registry.js';
import { ada } from '../sessions/support.js';
import { holdTimeouts } from '../support/clock.js';
import { gate } from '../support/gate.js';
import { settle } from '../support/settle.js';
import { fakeContext, fakeRequest, type Making } from './support.js';

const MESSAGE = { jsonrpc: '2.0', id: 0, method: 'initialize' };
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };
const answer = (text: string, status = 200): Response => new Response(text, { status });
const RESULT = JSON.stringify({ jsonrpc: '2.0', id: 0, result: {} });

interface Given extends Making {
  readonly at?: string;
  readonly failover?: boolean;
}

/** A session that another node began, which is asked for here. */
function scene({ at, failover = true, ...making }: Given = {}) {
  const fake = fakeContext({
    handle: (message) => answer(message === MESSAGE ? RESULT : '', message === MESSAGE ? 200 : 202),
    ...making,
  });
  const { log } = fake;
  const context = { ...fake.context, failover };
  const { request, state } = fakeRequest(ada);
  const session = new LiveSession('a', ada, 0, Number.MAX_SAFE_INTEGER);
  session.origin = { message: MESSAGE, presented: ada, at: at ?? mountOf(request) };
  const over = async (what: unknown): Promise<void> => {
    log.push(what);
    session.ending ??= Promise.resolve();
    session.end.abort();
  };
  const registry = {
    touch() {},
    end: (_session: LiveSession, reason: string) => over(['end', reason]),
    release: () => over('released'),
  } as unknown as SessionRegistry;
  const ask = () => transportOf(request, state, session, registry, context);
  const outcome = async (): Promise<unknown> => {
    try {
      return await ask();
    } catch (error) {
      expect(error).to.be.instanceOf(McpGuardError);
      const { code, cause } = error as McpGuardError;
      if (code === 'unavailable') expect(cause).to.be.instanceOf(Error);
      return code;
    }
  };
  return { ...fake, context, request, session, ask, outcome, over };
}

describe('canRebuild', () => {
  it('is so where the same mount began the session, on another node, and its user lets it move', () => {
    for (const [given, can] of [
      [{}, true],
      [{ at: '/other ' }, false],
      [{ failover: false }, false],
    ] as const) {
      const { request, session, context } = scene(given);
      expect(canRebuild(request, session, context)).to.equal(can);
      session.origin = undefined;
      expect(canRebuild(request, session, context)).to.equal(false);
    }
  });
});

describe('transportOf', () => {
  it('S5 builds a session again, once for all who ask at once, by the handshake that its client said', async () => {
    const { ask, said, session, context, log } = scene();
    const first = ask();
    expect(session.isStarting).to.equal(true);
    const [one, other] = await Promise.all([first, ask()]);
    expect(one).to.equal(other);
    expect(one).to.not.equal(undefined);
    expect(said).to.deep.equal([MESSAGE, INITIALIZED]);
    expect(session.isStarting).to.equal(false);
    expect(session.onEndError).to.equal(context.tellEndError);
    expect(log).to.deep.equal([{ type: 'session.restored', principal: session.owner, session: 'a' }]);
    expect(ask()).to.equal(one);
    expect(context.endings.size).to.equal(1);
  });

  it('serves none that began here elsewhere, or that may not move', () => {
    for (const given of [{ at: '/other ' }, { failover: false }]) {
      const { ask, said } = scene(given);
      expect(ask()).to.equal(undefined);
      expect(said).to.deep.equal([]);
    }
  });

  it('lets go of one whose handshake is not taken any more: its client has to begin anew', async () => {
    const { outcome, log } = scene({ handle: () => answer('no', 400) });
    expect(await outcome()).to.equal(undefined);
    expect(log).to.deep.equal(['released']);
  });

  it('W25 builds nothing any more once its handler is closed', async () => {
    const { outcome, closed, log, said } = scene();
    closed.abort();
    expect(await outcome()).to.equal('closing');
    expect([log, said]).to.deep.equal([['released'], []]);
  });

  it('tells what went wrong, and leaves the session to other nodes', async () => {
    const { outcome, log } = scene({ handle: () => Promise.reject(new Error('broken')) });
    expect(await outcome()).to.equal('unavailable');
    expect(log).to.deep.equal([
      'released',
      ['report', 'transport', 'a session could not be built again', 'Error: broken'],
    ]);
  });

  it('leaves a refusal by policy as it is', async () => {
    const { outcome, log } = scene({
      makeServer: () => {
        throw new McpGuardError('forbidden');
      },
    });
    expect(await outcome()).to.equal('forbidden');
    expect(log).to.deep.equal(['released']);
  });

  it('waits no longer for the handshake than for a server', async () => {
    using timeouts = holdTimeouts(4321);
    const { outcome, log } = scene({ handle: () => new Promise(() => {}) });
    const waiting = outcome();
    await settle();
    timeouts.fire();
    expect(await waiting).to.equal('unavailable');
    expect(log).to.have.length(2);
    expect(log[0]).to.equal('released');
  });

  it('tells who waits that the session has ended meanwhile', async () => {
    const asked = gate();
    const { outcome, session, over } = scene({
      handle: () => {
        asked.open();
        return new Promise(() => {});
      },
    });
    const waiting = outcome();
    await asked.opened;
    session.endReason = 'revoked';
    await over('ended');
    expect(await waiting).to.equal('session_not_found');
  });
});
