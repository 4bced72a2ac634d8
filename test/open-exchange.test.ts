import { EventEmitter } from 'node:events';

import { expect } from 'chai';
import type { Request, Response } from 'express';

import { openExchange } from '../lib/open-exchange.js';
import { requestState } from '../lib/request-state.js';
import type { Exchange } from '../lib/sessions/exchange.js';
import { LiveSession } from '../lib/sessions/live-session.js';
import type { SessionRegistry } from '../lib/sessions/session-registry.js';
import { stopClock } from './support/clock.js';

const ada = { subject: 'ada', expiresAt: 4_000_000_000 };

function scene({ isGone = false, isProven = true, hasProof = true } = {}) {
  const log: unknown[] = [];
  const registry = {
    options: { recheckSeconds: 30 },
    open: (...args: unknown[]) => log.push(['open', ...args]),
    closed: (...args: unknown[]) => log.push(['closed', ...args]),
  } as unknown as SessionRegistry;
  const request = { socket: {} } as unknown as Request;
  const socket = Object.assign(new EventEmitter(), { destroyed: false });
  const answer: Record<string, unknown> = {};
  const response = Object.assign(new EventEmitter(), {
    destroyed: isGone,
    headersSent: false,
    req: { socket },
    setHeader: () => {},
    end: (body: string) => {
      answer.body = JSON.parse(body);
    },
  }) as unknown as Response;
  const state = requestState(request);
  const keeper = { owner: 'a guard' } as never;
  if (isProven) state.principal = ada;
  if (hasProof) state.proof = { key: 'k', keeper };
  const open = (session?: LiveSession) => openExchange(registry, request, response, state, session);
  return { registry, request, response, state, keeper, log, answer, open };
}

describe('openExchange', () => {
  it('puts a request under the watch of the registry until it is answered', () => {
    using _clock = stopClock();
    const { open, registry, response, keeper, log } = scene();
    const attachment = open();
    const exchange = attachment?.exchange as Exchange;
    expect(attachment).to.deep.equal({ registry, exchange, session: undefined });
    expect(exchange).to.include({ principal: ada, keeper, isOver: false });
    expect(exchange.nextRecheckAt).to.equal(Date.now() + 30_000);
    expect(exchange.expiresAt).to.equal(4_000_000_000_000);
    expect(log).to.deep.equal([['open', exchange, undefined]]);
    response.emit('close');
    expect(exchange.isOver).to.equal(true);
    expect(log.slice(1)).to.deep.equal([['closed', exchange, undefined]]);
  });

  it('ends its answer with the code that it is ended with', () => {
    const { open, response, answer } = scene();
    open()?.exchange.end('session_not_found');
    expect(response.statusCode).to.equal(404);
    expect(answer.body).to.have.nested.property('error.data.code', 'session_not_found');
  });

  it('opens none where nobody is proven, or nobody waits', () => {
    for (const given of [{ isProven: false }, { isGone: true }, { isProven: false, isGone: true }]) {
      const { open, log } = scene(given);
      expect(open()).to.equal(undefined);
      expect(log).to.deep.equal([]);
    }
  });

  it('opens one without a proof, too', () => {
    const { open } = scene({ hasProof: false });
    const session = new LiveSession('a', ada, 0, 1);
    expect(open(session)?.exchange.keeper).to.equal(undefined);
    expect(session.proofs).to.deep.equal([]);
  });

  it('in a session of the caller remembers the proof, and lends the request what the login added', () => {
    const { open, state, request, log } = scene();
    const session = new LiveSession('a', ada, 0, 1);
    session.principal = { ...ada, token: 'issued' };
    const attachment = open(session);
    expect(attachment?.session).to.equal(session);
    expect(session.proofs).to.deep.equal(['k']);
    expect(state.principal).to.include({ subject: 'ada', token: 'issued' });
    expect((request as unknown as { user: unknown }).user).to.equal(state.principal);
    // Watched as proven: what the login added is not what a verifier is asked about.
    expect(attachment?.exchange.principal).to.equal(ada);
    expect(log).to.deep.equal([['open', attachment?.exchange, session]]);
  });

  it('leaves a request as it is where the login added nothing', () => {
    const { open, state, request } = scene();
    open(new LiveSession('a', ada, 0, 1));
    expect(state.principal).to.equal(ada);
    expect(request).to.not.have.property('user');
  });
});
